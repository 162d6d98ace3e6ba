"""The service through Git alone: `make demo-gitops`, and what the tests of Argo CD share with it."""
