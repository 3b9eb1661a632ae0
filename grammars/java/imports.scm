; What a file imports. @module: a class or package by its full name.
(import_declaration (scoped_identifier) @module)
