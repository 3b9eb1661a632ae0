; Bodies that are still to be written.

((expression_statement
   (call_expression
     function: (identifier) @_function
     arguments: (argument_list . (interpreted_string_literal (interpreted_string_literal_content) @_text) .))) @hole.body
 (#eq? @_function "panic")
 (#match? @_text "^(?i)(not (yet )?implemented|unimplemented|todo)\\b"))
