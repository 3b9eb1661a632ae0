; What a file shows: functions and variables that are not `static`, and what a header declares.

(translation_unit (function_definition declarator: (_) @export.name) @export.definition
 (#not-match? @export.definition "^static\\b"))
(translation_unit (declaration declarator: (function_declarator) @export.name) @export.definition
 (#not-match? @export.definition "^static\\b"))
(translation_unit (type_definition declarator: (_) @export.name) @export.definition)
(translation_unit (struct_specifier name: (_) @export.name) @export.definition)
(translation_unit (enum_specifier name: (_) @export.name) @export.definition)
(translation_unit (preproc_def name: (_) @export.name) @export.definition)
