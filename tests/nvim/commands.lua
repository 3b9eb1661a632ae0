--- The command `:Hephaestus` word by word: what it completes, what the server is sent, and what the user is told by a
--- server that knows everything, one that fails, and one that is older than the plugin.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l`, with the plugin installed. The server is `fake.lua`. A Lua error is a
--- failed test.

local here = vim.fs.dirname(arg[0])
local fake = dofile(vim.fs.joinpath(here, 'fake.lua'))
local session = dofile(vim.fs.joinpath(here, 'session.lua'))

-- Completion.
local function completed(line)
  return table.concat(vim.fn.getcompletion(line, 'cmdline'), ' ')
end
assert(completed('Hephaestus re') == 'report restart restore resume', completed('Hephaestus re'))
assert(completed('Hephaestus forge ') == 'file goal workspace', completed('Hephaestus forge '))
assert(completed('Hephaestus goals f') == 'file', completed('Hephaestus goals f'))
assert(completed('vertical Hephaestus trust ') == 'no yes', completed('vertical Hephaestus trust '))
assert(completed('Hephaestus pause ') == '' and completed('Hephaestus forge file ') == '')

local function told(words)
  session.await(words, function()
    return session.was_told(words)
  end)
  vim.cmd.messages('clear')
end

-- Without a server.
for _, word in ipairs({ 'pause', 'status', 'goals', 'report', 'forge' }) do
  vim.cmd('Hephaestus ' .. word)
  told('no server is running')
end
vim.cmd('Hephaestus evidence')
told('no server looks after this buffer')
vim.cmd('Hephaestus restore')
told('no server looks after this buffer')
for words, message in pairs({
  sing = 'there is no `:Hephaestus sing`',
  ['forge moon'] = '`:Hephaestus forge` does not take `moon`',
  ['pause now then'] = '`:Hephaestus pause` does not take `now then`',
}) do
  local ok, failure = pcall(vim.cmd, 'Hephaestus ' .. words)
  assert(not ok and failure:find(message, 1, true), failure)
end

local COMMANDS = vim.tbl_map(
  function(name)
    return 'hephaestus.' .. name
  end,
  vim.split(
    'apply applyAll pause resume cancel dismiss restore verify trust forgeFile forgeWorkspace forgeGoal showEvidence',
    ' '
  )
)
local capabilities = { executeCommandProvider = { commands = COMMANDS } }
fake.answers.initialize = { capabilities = capabilities }
vim.lsp.config('hephaestus', { cmd = fake.start })
vim.lsp.enable('hephaestus')
vim.fn.writefile({ 'one = 1', 'two = 2', 'three = 3', 'four = 4' }, 'a.py')
vim.cmd.edit('a.py')
local client = session.await('the server is there', function()
  local found = vim.lsp.get_clients({ bufnr = 0, name = 'hephaestus' })[1]
  return found and found.initialized and found
end)
local window, uri = vim.api.nvim_get_current_win(), vim.uri_from_bufnr(0)

local function goal(id, state, first, last, detail)
  return {
    id = id,
    title = 'Goal ' .. id,
    rule = 'python/rule',
    kind = 'complexity',
    range = { start = { line = first, character = 0 }, ['end'] = { line = last or first, character = 3 } },
    state = state,
    detail = detail or '',
  }
end
local far = goal('far', 'open', 6)
local GOALS = {
  files = {
    {
      uri = uri,
      path = 'a.py',
      folder = '',
      goals = {
        goal('p', 'proven', 0, 0, 'cognitive 2 → 0'),
        goal('o', 'open', 1),
        goal('s', 'stale', 2),
        goal('gone', 'dismissed', 3),
      },
    },
    { uri = vim.uri_from_fname(vim.fs.joinpath(vim.uv.cwd(), 'b.py')), path = 'b.py', folder = '', goals = { far } },
  },
}
fake.answers['hephaestus/goals'] = function(params)
  assert(vim.json.encode(params) == '{}', vim.json.encode(params))
  return GOALS
end

--- Runs a command with the cursor on a line; the server has to be sent just this.
local function expect(line, words, ...)
  vim.api.nvim_set_current_win(window)
  vim.api.nvim_win_set_cursor(window, { line, 0 })
  fake.forget()
  vim.cmd('Hephaestus ' .. words)
  local expected = { ... }
  session.await(words, function()
    return #fake.commands() >= 1
  end)
  assert(vim.deep_equal(fake.commands(), { expected }), words .. vim.inspect(fake.commands()))
end

expect(1, 'pause', 'hephaestus.pause')
expect(1, 'resume', 'hephaestus.resume')
expect(1, 'cancel', 'hephaestus.cancel')
expect(1, 'forge', 'hephaestus.forgeFile', { uri })
expect(1, 'forge file', 'hephaestus.forgeFile', { uri })
expect(1, 'forge workspace', 'hephaestus.forgeWorkspace', { uri })
expect(2, 'forge goal', 'hephaestus.forgeGoal', { uri, 'o' })
expect(1, 'apply', 'hephaestus.apply', { uri, 'p' })
expect(1, 'apply all', 'hephaestus.applyAll', { uri })
expect(2, 'dismiss', 'hephaestus.dismiss', { uri, 'o' })
expect(3, 'verify', 'hephaestus.verify', { uri, 's' })
expect(4, 'restore', 'hephaestus.restore', { uri, 'gone' })
expect(1, 'trust yes', 'hephaestus.trust', { true })
expect(1, 'trust no', 'hephaestus.trust', { false })
session.answer_menus('Never here')
expect(1, 'trust', 'hephaestus.trust', { false })
-- Where the line has no such goal, one is picked.
session.answer_menus('proven: Goal p (cognitive 2 → 0)')
expect(4, 'apply', 'hephaestus.apply', { uri, 'p' })
session.answer_menus('pause')
expect(1, '', 'hephaestus.pause')

-- The keys of one's own choice.
vim.keymap.set('n', 'gh', '<Plug>(hephaestus-apply)')
vim.api.nvim_win_set_cursor(window, { 1, 0 })
fake.forget()
vim.api.nvim_feedkeys('gh', 'mx', false)
session.await('the key applies', function()
  return vim.deep_equal(fake.commands(), { { 'hephaestus.apply', { uri, 'p' } } })
end)

-- What the server refuses is told.
fake.answers['workspace/executeCommand'] = fake.error(-32602, 'nothing is proven for this goal')
local ok, failure = pcall(vim.cmd, 'Hephaestus apply')
assert(not ok and failure:find('nothing is proven for this goal', 1, true), failure)
fake.answers['workspace/executeCommand'] = nil

-- The lists have the states, and follow the news; the place in them stays.
vim.cmd('Hephaestus goals')
session.await('the list', function()
  return vim.bo.buftype == 'quickfix'
end)
local function listed(items)
  return vim.iter(items):fold('', function(all, item)
    return all .. ('%d %s %s\n'):format(item.lnum, item.type, item.text)
  end)
end
local quickfix = listed(vim.fn.getqflist())
local ALL = '1 I proven: Goal p (cognitive 2 → 0)\n2 N open: Goal o\n3 N stale: Goal s\n7 N open: Goal far\n'
assert(quickfix == ALL, quickfix)
vim.cmd('cc 3')
window = vim.api.nvim_get_current_win()
assert(vim.api.nvim_win_get_cursor(window)[1] == 3)
vim.cmd('Hephaestus goals file')
session.await('the list of the file', function()
  return #vim.fn.getloclist(window) == 3
end)
GOALS.files[1].goals[2].state = 'proven'
fake.say('hephaestus/goalsChanged', vim.NIL)
session.await('the lists follow', function()
  local file = listed(vim.fn.getloclist(window))
  return listed(vim.fn.getqflist()):find('2 I proven: Goal o', 1, true) and file:find('2 I proven: Goal o', 1, true)
end)
assert(vim.fn.getqflist({ idx = 0 }).idx == 3, 'the place in the list is lost')
-- A list of somebody else's is let alone.
vim.fn.setqflist({}, ' ', { title = 'mine', items = { { text = 'mine' } } })
fake.forget()
fake.say('hephaestus/goalsChanged', vim.NIL)
session.await('the other list is filled', function()
  return #fake.asked > 0
end)
assert(vim.fn.getqflist({ title = 0 }).title == 'mine' and vim.fn.getqflist()[1].text == 'mine')
vim.cmd('cclose | lclose')

-- The evidence has the change in it, and the preview is what it says.
local EVIDENCE = {
  markdown = '**Goal p**\n\nnot checked: nothing',
  diff = '--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-one = 1\n+one = 11\n',
  files = {
    { uri = uri, path = 'a.py', before = 'one = 1\n', after = 'one = 11\n' },
    {
      uri = vim.uri_from_fname(vim.fs.joinpath(vim.uv.cwd(), 'new.py')),
      path = 'new.py',
      before = vim.NIL,
      after = 'x\n',
    },
  },
}
fake.answers['hephaestus/evidence'] = function(params)
  assert(vim.deep_equal(params, { uri = uri, goal = 'p' }), vim.inspect(params))
  return EVIDENCE
end
vim.api.nvim_set_current_win(window)
vim.api.nvim_win_set_cursor(window, { 1, 0 })
vim.cmd('Hephaestus evidence')
local card = session.await('the evidence', session.float)
assert(session.text_in(card):find('+one = 11', 1, true), session.text_in(card))
session.press('p')
session.await('the preview', function()
  return #vim.api.nvim_list_tabpages() == 3
end)
local sides = vim.tbl_map(session.text_in, vim.api.nvim_tabpage_list_wins(vim.api.nvim_list_tabpages()[2]))
assert(vim.deep_equal(sides, { 'one = 1', 'one = 11' }), vim.inspect(sides))
sides = vim.tbl_map(session.text_in, vim.api.nvim_tabpage_list_wins(0))
assert(vim.deep_equal(sides, { '', 'x' }), vim.inspect(sides))
vim.cmd('tabfirst | tabonly!')

-- An older server: the card comes by a command, and what it cannot do is told.
fake.answers['hephaestus/evidence'] = fake.error(-32601, 'no such method')
fake.answers['workspace/executeCommand'] = function(params)
  return params.command == 'hephaestus.showEvidence' and { kind = 'markdown', value = 'an old card' } or nil
end
vim.cmd.edit('a.py')
vim.api.nvim_win_set_cursor(0, { 1, 0 })
for _ = 1, 2 do
  fake.forget()
  vim.cmd('Hephaestus evidence')
  card = session.await('the old card', session.float)
  assert(session.text_in(card) == 'an old card', session.text_in(card))
  session.press('q')
end
local methods = vim.tbl_map(function(asked)
  return asked.method
end, fake.asked)
assert(not vim.list_contains(methods, 'hephaestus/evidence'), 'it is asked again what it does not know')
capabilities.executeCommandProvider.commands = { 'hephaestus.forgeGoal' }
client.server_capabilities.executeCommandProvider.commands = { 'hephaestus.forgeGoal' }
expect(3, 'verify', 'hephaestus.forgeGoal', { uri, 's' })
vim.cmd('Hephaestus restore')
told('cannot restore goals')
vim.cmd('Hephaestus pause')
told('does not know `hephaestus.pause`')
print('held')
