; What a file imports. @module: the specifier as written.
(import_statement source: (string (string_fragment) @module))
(export_statement source: (string (string_fragment) @module))
(call_expression function: (import) arguments: (arguments . (string (string_fragment) @module)))
(call_expression
  function: (_) @_function
  arguments: (arguments . (string (string_fragment) @module))
  (#any-of? @_function "require" "require.resolve" "module.require" "jest.requireActual" "vi.importActual"))
