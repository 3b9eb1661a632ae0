--- A Neovim session by the command `:Hephaestus`: goals in the quickfix list, progress, evidence with its keys, a preview,
--- an improvement applied and undone, a goal dismissed, restored and proved anew, pausing.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l` in a copy of the fixture project `python-pytest`, with the plugin
--- installed. A Lua error is a failed test.

local session = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'session.lua'))
local CONDITION, APPEND = 'python/return-condition', 'python/append-loop-to-list'
local INFO = vim.diagnostic.severity.INFO

local progress = {}
vim.api.nvim_create_autocmd('LspProgress', {
  callback = function(event)
    table.insert(progress, event.data.params)
  end,
})

local client = session.open('shelf.py')
local window, bufnr = vim.api.nvim_get_current_win(), vim.api.nvim_get_current_buf()
local path = vim.api.nvim_buf_get_name(bufnr)
session.answer_menus('proven: Return the condition itself')

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(bufnr, 0, -1, true), '\n')
end

--- Puts the cursor where a rule has something to say.
local function go_to(rule, severity)
  local diagnostic = session.await(rule, session.diagnostic(rule, severity))
  vim.api.nvim_win_set_cursor(window, { diagnostic.lnum + 1, diagnostic.col })
end

--- The quickfix list's lines about a state.
local function listed(state)
  return vim.tbl_filter(function(item)
    return vim.startswith(item.text, state .. ': ')
  end, vim.fn.getqflist())
end

--- Opens the evidence of the goal at the cursor; the window has the focus then.
local function open_evidence()
  vim.cmd('Hephaestus evidence')
  return session.await('the evidence is shown', function()
    local one = session.float()
    return one == vim.api.nvim_get_current_win() and one
  end)
end

local function expect_closed()
  assert(not session.float() and vim.api.nvim_get_current_win() == window, 'the evidence is still there')
end

local function forged_to_the_end()
  return require('hephaestus').status():match('^hephaestus: idle, %d+ proven')
end

-- Goals are visible before anything was run.
session.await('a goal is shown', session.diagnostic(CONDITION))
vim.cmd('Hephaestus goals')
session.await('the goals are listed', function()
  return #listed('open') > 0 and vim.bo.buftype == 'quickfix'
end)
assert(vim.fn.getqflist({ title = 0 }).title == 'Hephaestus: goals')
vim.cmd.cclose()
vim.api.nvim_set_current_win(window)

-- Saving proves; Neovim's own progress tells of it.
vim.cmd.write()
session.await('an improvement is proved', session.diagnostic(CONDITION, INFO))
session.await('the run ends', forged_to_the_end)
local kinds = {}
for _, params in ipairs(progress) do
  assert(vim.startswith(params.token, 'hephaestus/forge/'), params.token)
  kinds[params.value.kind] = params.value
end
assert(kinds.begin and kinds.report and kinds['end'], vim.inspect(progress))
assert(kinds.begin.cancellable and kinds.begin.title ~= '', vim.inspect(kinds.begin))
assert(vim.lsp.status():match('%S'), 'Neovim has no word about the progress')

-- What is proven is listed as such, and the file's goals stand in the location list too.
vim.cmd('Hephaestus goals workspace')
session.await('the improvements are listed', function()
  return #listed('proven') > 0 and vim.bo.buftype == 'quickfix'
end)
vim.cmd.cclose()
vim.api.nvim_set_current_win(window)
local proven = listed('proven')[1]
assert(
  proven.type == 'I' and proven.text:match('1 → 0') and proven.user_data.hephaestus.state == 'proven',
  proven.text
)
vim.cmd('Hephaestus goals file')
session.await("the file's goals are listed", function()
  return #vim.fn.getloclist(window) > 0 and vim.bo.buftype == 'quickfix'
end)
vim.cmd.lclose()
vim.api.nvim_set_current_win(window)

-- The evidence: a card with a foot, closed by its keys.
go_to(CONDITION, INFO)
local card = open_evidence()
local words = session.text_in(card)
assert(words:match('Return the condition itself') and words:match('not checked'), words)
assert(vim.bo[vim.api.nvim_win_get_buf(card)].filetype == 'markdown')
local foot = vim.inspect(vim.api.nvim_win_get_config(card).footer)
assert(foot:match('a apply') and foot:match('q close'), foot)
session.press('q')
expect_closed()
open_evidence()
session.press('<Esc>')
expect_closed()

-- The preview: two texts side by side, and nothing changed.
local before = text()
vim.cmd('Hephaestus preview')
session.await('the preview is shown', function()
  return #vim.api.nvim_list_tabpages() == 2 and #vim.api.nvim_tabpage_list_wins(0) == 2
end)
local sides = vim.tbl_map(function(one)
  assert(vim.wo[one].diff, 'a side is no diff')
  local side = vim.api.nvim_win_get_buf(one)
  assert(vim.bo[side].buftype == 'nofile' and not vim.bo[side].modifiable and vim.bo[side].filetype == 'python')
  return session.text_in(one)
end, vim.api.nvim_tabpage_list_wins(0))
assert(sides[1] == before, 'the left side is not the text: ' .. sides[1])
assert(sides[2]:match('return len%(books%) == 0') and sides[2]:match('result%.append'), sides[2])
session.press('q')
assert(#vim.api.nvim_list_tabpages() == 1 and vim.api.nvim_get_current_win() == window, 'the preview is still there')
assert(text() == before, 'looking changed the text')

-- Applied from the evidence, it becomes what the preview showed; one undo takes it back, and the offer is there again.
vim.o.undolevels = vim.o.undolevels
open_evidence()
session.press('a')
session.await('the improvement is applied', function()
  return text() ~= before
end)
assert(text() == sides[2], 'something else was applied than shown: ' .. text())
vim.cmd.undo()
assert(text() == before, 'undo does not take it back')
go_to(CONDITION, INFO)

-- Dismissed it is gone.
go_to(APPEND, INFO)
vim.cmd('Hephaestus dismiss')
session.await('the goal is gone', function()
  return not session.diagnostic(APPEND)()
end)
if require('hephaestus.client').has_command(client, 'hephaestus.restore') then
  session.answer_menus('dismissed: ')
  vim.cmd('Hephaestus restore')
  session.await('the goal is back', session.diagnostic(APPEND))
else
  print('skipped: this server does not restore')
end

-- Paused it proves nothing, and says so; resumed it does.
vim.cmd('Hephaestus pause')
session.await('it is paused', function()
  return require('hephaestus').status():match('^hephaestus: paused')
end)
local runs = session.forges(client)
go_to(CONDITION)
session.answer_menus('Return the condition itself')
vim.cmd('Hephaestus verify')
session.await('it was asked for', function()
  return session.was_told('proved anew')
end)
assert(session.forges(client) == runs, 'it runs although it is paused')
vim.cmd('Hephaestus resume')
session.await('it runs again', function()
  return session.forges(client) > runs
end)
session.await('and proves', function()
  return session.diagnostic(CONDITION, INFO)() and forged_to_the_end()
end)
assert(vim.api.nvim_buf_get_name(bufnr) == path and #vim.api.nvim_list_wins() == 1, 'something was left open')
print('held')
