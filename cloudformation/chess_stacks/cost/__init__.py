"""What an environment costs: what its templates are charged for, at the prices of a dated snapshot. Makes no AWS client."""
