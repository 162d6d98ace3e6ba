"""The AWS layer: CloudFormation stacks from a profile, and the command line that deploys and deletes them."""
