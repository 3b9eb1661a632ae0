--- `:checkhealth hephaestus`: what it says with everything in order, without trust, and without the program.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l` in a copy of the fixture project `python-pytest`, with the plugin
--- installed. A Lua error is a failed test.

local session = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'session.lua'))

--- The report's text. Its buffer goes again.
local function report()
  vim.cmd.checkhealth('hephaestus')
  local text = session.text_in(0)
  vim.cmd.bwipeout()
  return text
end

local function expect(text, words)
  for _, word in ipairs(words) do
    assert(text:find(word, 1, true), ('`%s` is not in:\n%s'):format(word, text))
  end
end

local alone = report()
expect(alone, { 'OK Neovim 0.11', 'OK hephaestus ', 'no server is running', 'sandbox: ' })

vim.g.hephaestus = { code_lens = true, fix_on_save = 'yes', colour = 'blue' }
local client = session.open('shelf.py')
session.await('it is ready', function()
  return require('hephaestus').status():match('^hephaestus: idle')
end)
local all = report()
expect(all, {
  'OK vim.g.hephaestus.code_lens = true',
  'WARNING vim.g.hephaestus.fix_on_save is to be a boolean',
  'WARNING vim.g.hephaestus has no option `colour`',
  ' for ' .. client.root_dir .. ', 1 buffers',
  'trust: tests may be run',
  'pytest',
  'registry: ',
  'hephaestus/lsp.log',
})

-- Who does not trust is told so, and how to; the project's runner is not looked at then.
vim.cmd('Hephaestus trust no')
session.await('the server knows', function()
  return require('hephaestus').status():match('^hephaestus: untrusted')
end)
local untrusted = report()
expect(untrusted, { 'WARNING the folder is not trusted', ':Hephaestus trust yes', 'sandbox: ' })
assert(not untrusted:find('pytest', 1, true), untrusted)

vim.lsp.config('hephaestus', { cmd = { 'hephaestus-that-is-not-there', 'lsp' } })
expect(report(), { 'ERROR `hephaestus-that-is-not-there` is not found', 'PATH' })
vim.lsp.enable('hephaestus', false)
expect(report(), { 'WARNING the server is not enabled' })
print('held')
