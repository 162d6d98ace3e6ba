"""The service through Git alone: what the GitOps demo and the tests of Argo CD share."""
