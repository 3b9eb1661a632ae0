--- Which files the plugin looks after, and which folder it takes for the workspace. No server is needed.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l` in an empty folder, with the plugin installed. A Lua error is a failed
--- test.

local config = vim.lsp.config.hephaestus

-- Some endings need a look at the text too.
local empty = vim.api.nvim_create_buf(false, true)
for _, name in ipairs({
  'a.py',
  'a.js',
  'a.mjs',
  'a.jsx',
  'a.ts',
  'a.tsx',
  'a.rs',
  'a.forge.md',
  'a.forge.toml',
  'a.forge.yml',
}) do
  local filetype = vim.filetype.match({ filename = name, buf = empty })
  assert(vim.list_contains(config.filetypes, filetype), ('%s (%s) is not looked after'):format(name, filetype))
end

local here = vim.uv.cwd()
local above = vim.fs.root(vim.fs.joinpath(here, 'any'), config.root_markers)
assert(not above, ('the folder of temporary files lies in a project, %s: nothing can be told here'):format(above))

--- The workspace of `top/site/web/app.js` when these files exist, relative to `here`.
local function root_with(files)
  local top = vim.fs.joinpath(here, 'top')
  vim.fn.mkdir(vim.fs.joinpath(top, 'site/web'), 'p')
  for _, file in ipairs(files) do
    vim.fn.writefile({}, vim.fs.joinpath(top, file))
  end
  local root = vim.fs.root(vim.fs.joinpath(top, 'site/web/app.js'), config.root_markers)
  vim.fs.rm(top, { recursive = true })
  assert(root, 'there is no workspace')
  return vim.fs.relpath(here, root)
end

local rows = {
  { { '.git' }, 'top' },
  { { '.git', 'site/package.json' }, 'top/site' },
  { { 'pyproject.toml', 'site/package.json' }, 'top/site' },
  { { 'package.json', 'site/Cargo.toml', 'site/web/pyproject.toml' }, 'top/site/web' },
  { { 'hephaestus.toml', 'site/package.json', 'site/web/package.json' }, 'top' },
  { { '.hephaestus', 'site/hephaestus.toml', 'site/web/package.json' }, 'top/site' },
}
for _, row in ipairs(rows) do
  local root = root_with(row[1])
  assert(root == row[2], ('%s: %s and not %s'):format(table.concat(row[1], ' '), root, row[2]))
end
print('held')
