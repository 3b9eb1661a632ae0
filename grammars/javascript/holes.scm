; Bodies that are still to be written.

((throw_statement
   (new_expression
     arguments: (arguments . (string (string_fragment) @_text) .))) @hole.body
 (#match? @_text "^(?i)(not (yet )?implemented|unimplemented|todo)\\b"))
