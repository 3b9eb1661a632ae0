; What a module shows. `declared` is what a name means at the top level; an export names a definition, or something
; that is looked up there.

(program (function_declaration name: (_) @declared.name) @declared)
(program (generator_function_declaration name: (_) @declared.name) @declared)
(program (class_declaration name: (_) @declared.name) @declared)
(program (lexical_declaration (variable_declarator name: (identifier) @declared.name value: (_) @declared)))
(program (variable_declaration (variable_declarator name: (identifier) @declared.name value: (_) @declared)))

(export_statement declaration: (function_declaration name: (_) @export.name) @export.definition)
(export_statement declaration: (generator_function_declaration name: (_) @export.name) @export.definition)
(export_statement declaration: (class_declaration name: (_) @export.name) @export.definition)
(export_statement
  declaration: (_ (variable_declarator name: (identifier) @export.name value: (_)? @export.definition)))
(export_statement (export_clause (export_specifier name: (_) @export.definition !alias) @export.name))
(export_statement (export_clause (export_specifier name: (_) @export.definition alias: (_) @export.name)))
(export_statement "default" @export.name value: (_) @export.definition)
(export_statement "default" @export.name declaration: (_) @export.definition)
(export_statement "*" @export.name source: (_) @export.definition)
(export_statement (namespace_export (_) @export.name) source: (_) @export.definition)

((assignment_expression
   left: (member_expression object: (_) @_target property: (property_identifier) @export.name)
   right: (_) @export.definition)
 (#any-of? @_target "exports" "module.exports"))
((assignment_expression left: (member_expression) @export.name right: (_) @export.definition)
 (#eq? @export.name "module.exports"))
((assignment_expression
   left: (member_expression) @_target
   right: (object (shorthand_property_identifier) @export.name @export.definition))
 (#eq? @_target "module.exports"))
((assignment_expression
   left: (member_expression) @_target
   right: (object (pair key: (_) @export.name value: (_) @export.definition)))
 (#eq? @_target "module.exports"))
((assignment_expression
   left: (member_expression) @_target
   right: (object (method_definition name: (_) @export.name) @export.definition))
 (#eq? @_target "module.exports"))
