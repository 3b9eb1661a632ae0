
(program (abstract_class_declaration name: (_) @declared.name) @declared)
(program (interface_declaration name: (_) @declared.name) @declared)
(program (type_alias_declaration name: (_) @declared.name) @declared)
(program (enum_declaration name: (_) @declared.name) @declared)
(program (function_signature name: (_) @declared.name) @declared)

(export_statement declaration: (abstract_class_declaration name: (_) @export.name) @export.definition)
(export_statement declaration: (interface_declaration name: (_) @export.name) @export.definition)
(export_statement declaration: (type_alias_declaration name: (_) @export.name) @export.definition)
(export_statement declaration: (enum_declaration name: (_) @export.name) @export.definition)
(export_statement declaration: (function_signature name: (_) @export.name) @export.definition)
(export_statement declaration: (internal_module name: (_) @export.name) @export.definition)
(export_statement declaration: (ambient_declaration (_ name: (_) @export.name) @export.definition))
(export_statement
  declaration: (_ (variable_declarator name: (identifier) @export.name type: (_) @export.definition)))
