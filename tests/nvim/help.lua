--- `:help hephaestus`: every command, mapping, function and option has its tag, and every such tag is about one of them.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l` in an empty folder, with the plugin installed. A Lua error is a failed
--- test.

local plugin = vim.fs.dirname(vim.fs.dirname(vim.api.nvim_get_runtime_file('plugin/hephaestus.lua', false)[1]))

-- Tags are written beside the text: this is a copy.
local folder = vim.fs.joinpath(vim.uv.cwd(), 'doc')
vim.fn.mkdir(folder)
local name = vim.fs.joinpath(folder, 'hephaestus.txt')
assert(vim.uv.fs_copyfile(vim.fs.joinpath(plugin, 'doc/hephaestus.txt'), name))
vim.cmd.helptags(folder)
local tags = {}
for _, line in ipairs(vim.fn.readfile(vim.fs.joinpath(folder, 'tags'))) do
  tags[line:match('^[^\t]+')] = true
end

local expected = { [':Hephaestus'] = true, ['g:hephaestus'] = true }
for word, subcommand in pairs(require('hephaestus.commands').subcommands) do
  expected[':Hephaestus-' .. word] = true
  local text = table.concat(vim.fn.readfile(name), '\n')
  assert(text:find(':Hephaestus ' .. word, 1, true), word)
  for _, argument in ipairs(subcommand.arguments or {}) do
    local lines = text:gmatch('\n:Hephaestus ' .. word .. '([^\n]*)')
    local is_told = vim.iter(lines):any(function(rest)
      return rest:find(argument, 1, true) ~= nil
    end)
    assert(is_told, ('`:Hephaestus %s %s` is not told of'):format(word, argument))
  end
end
for word in pairs(require('hephaestus')) do
  expected[('hephaestus.%s()'):format(word)] = true
end
for _, map in ipairs(vim.api.nvim_get_keymap('n')) do
  if vim.startswith(map.lhs, '<Plug>(hephaestus-') then
    expected[map.lhs] = true
  end
end
for tag in pairs(expected) do
  assert(tags[tag], ('`%s` has no tag'):format(tag))
end

--- Whether a tag claims to be about a command, mapping or function.
local function is_claim(tag)
  return vim.startswith(tag, ':') or vim.startswith(tag, '<Plug>') or vim.endswith(tag, '()')
end
for tag in pairs(tags) do
  assert(not is_claim(tag) or expected[tag], ('`%s` is about nothing there is'):format(tag))
end
for option in pairs(require('hephaestus.attach').OPTIONS) do
  assert(vim.fn.match(vim.fn.readfile(name), '^' .. option .. '\t') >= 0, ('`%s` is not told of'):format(option))
end

-- Every reference in the text to one of our own leads somewhere.
for _, line in ipairs(vim.fn.readfile(name)) do
  for reference in line:gmatch('|([^|%s]+)|') do
    local is_ours = reference:lower():find('hephaestus', 1, true)
    assert(not is_ours or tags[reference], ('`%s` leads nowhere'):format(reference))
  end
end

-- And no key is taken.
for _, mode in ipairs({ 'n', 'i', 'v', 'x', 'o' }) do
  for _, map in ipairs(vim.api.nvim_get_keymap(mode)) do
    local is_ours = (map.desc or ''):find('Hephaestus', 1, true)
    assert(not is_ours or vim.startswith(map.lhs, '<Plug>'), map.lhs)
  end
end
vim.opt.runtimepath:append(vim.uv.cwd())
vim.cmd.help(':Hephaestus-goals')
assert(vim.bo.buftype == 'help' and vim.api.nvim_get_current_line():find('Hephaestus-goals', 1, true))
print('held')
