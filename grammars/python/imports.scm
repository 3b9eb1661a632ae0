; What a file imports. @module: an absolute module. @from with @name: a name taken out of a module, which may be a module itself.
(import_statement name: (dotted_name) @module)
(import_statement name: (aliased_import name: (dotted_name) @module))
(import_from_statement module_name: (_) @from)
(import_from_statement module_name: (_) @from name: (dotted_name) @name)
(import_from_statement module_name: (_) @from name: (aliased_import name: (dotted_name) @name))

; importlib.import_module("a.b"), __import__("a")
(call
  function: [(identifier) (attribute)] @_function
  arguments: (argument_list . (string . (string_start) . (string_content) @module))
  (#any-of? @_function "importlib.import_module" "import_module" "__import__" "pytest.importorskip"))
