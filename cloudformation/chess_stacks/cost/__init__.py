"""What an environment costs: what templates are charged for, at the prices of a dated snapshot. Makes no AWS client."""
