; Bodies that are still to be written.

((throw_statement (object_creation_expression type: (_) @_type)) @hole.body
 (#any-of? @_type "UnsupportedOperationException" "NotImplementedException"))
