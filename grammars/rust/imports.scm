; What a file imports. @module: a module in a file of its own. @use: a path or tree of paths. @crate: another crate.
(mod_item name: (identifier) @module !body)
(use_declaration argument: (_) @use)
(extern_crate_declaration name: (identifier) @crate)
