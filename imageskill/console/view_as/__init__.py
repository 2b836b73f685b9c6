"""View-as: staff looks at a workspace as its members see it, and can do nothing else meanwhile."""
