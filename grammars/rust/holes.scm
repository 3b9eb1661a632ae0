; Code that is still to be written.

((macro_invocation macro: (identifier) @_macro) @hole
 (#any-of? @_macro "todo" "unimplemented"))
