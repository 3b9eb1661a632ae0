; What a file includes. @module: the path as written.
(preproc_include path: (string_literal (string_content) @module))
(preproc_include path: (system_lib_string) @module)
