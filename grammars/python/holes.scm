; Bodies that are still to be written.

((raise_statement
   [(call function: (identifier) @_error)
    (identifier) @_error]) @hole.body
 (#eq? @_error "NotImplementedError"))
