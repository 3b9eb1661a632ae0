--- How Neovim starts the Hephaestus language server: read by `vim.lsp.enable('hephaestus')`.
---
--- Nothing is set here that a user may want to set: `vim.lsp.config('hephaestus', { ... })` goes on top.

---@type vim.lsp.Config
return {
  cmd = { 'hephaestus', 'lsp' },
  filetypes = {
    'python',
    'javascript',
    'javascriptreact',
    'typescript',
    'typescriptreact',
    'rust',
    'go',
    'java',
    'c',
    'cpp',
    -- Directives: named in `plugin/hephaestus.lua`.
    'markdown.hephaestus',
    'toml.hephaestus',
    'yaml.hephaestus',
  },
  -- Our own files say where the workspace is. Without them the nearest project does, whatever its language: in a
  -- repository of several projects each has tests of its own.
  root_markers = {
    { 'hephaestus.toml', '.hephaestus' },
    { 'pyproject.toml', 'Cargo.toml', 'package.json', 'go.mod', 'pom.xml', 'CMakeLists.txt' },
    '.git',
  },
  commands = {
    ['hephaestus.showEvidence'] = function(...)
      return require('hephaestus.actions').on_show_evidence(...)
    end,
  },
  handlers = {
    ['hephaestus/status'] = function(...)
      return require('hephaestus.status').on_status(...)
    end,
    ['hephaestus/goalsChanged'] = function(...)
      return require('hephaestus.goals').on_changed(...)
    end,
  },
}
