"""The files of new workspaces: `starter`, as `gestand init` copies it, and `demo`, as `gestand demo` does."""
