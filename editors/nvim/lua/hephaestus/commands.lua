--- The command `:Hephaestus`: its subcommands, their arguments, and what completes them.
---
--- What they do is done elsewhere.

local clients = require('hephaestus.client')
local hephaestus = require('hephaestus')

local M = {}

--- Sends a command without a document to the buffer's server, or to all where the buffer has none.
local function send(command, arguments)
  local client = clients.of(0)
  local all = client and { client } or clients.all()
  if #all == 0 then
    clients.warn('no server is running: see :checkhealth hephaestus')
  end
  for _, one in ipairs(all) do
    clients.execute(one, command, arguments)
  end
end

--- Says what the servers say of themselves.
local function status()
  local lines = {}
  for _, client in ipairs(clients.all()) do
    table.insert(lines, vim.fn.fnamemodify(clients.root(client) or 'no folder', ':~'))
    for _, line in ipairs(require('hephaestus.status').report(client)) do
      table.insert(lines, '  ' .. line)
    end
  end
  if #lines == 0 then
    return clients.warn('no server is running: see :checkhealth hephaestus')
  end
  clients.say(table.concat(lines, '\n'))
end

local TRUST = {
  { name = 'yes', about = 'Trust: tests may be run in the folders that are open', value = true },
  { name = 'no', about = 'Never here: nothing is run in them', value = false },
}

--- Says whether the project's tests may be run; asks where nothing is said.
local function trust(answer)
  for _, choice in ipairs(TRUST) do
    if choice.name == answer then
      return send('hephaestus.trust', { choice.value })
    end
  end
  local function about(choice)
    return choice.about
  end
  vim.ui.select(TRUST, { prompt = 'Is this code to be trusted?', format_item = about }, function(choice)
    if choice then
      send('hephaestus.trust', { choice.value })
    end
  end)
end

---@class hephaestus.Subcommand
---@field arguments? string[] What may follow it
---@field run fun(argument: string?)

---@type table<string, hephaestus.Subcommand>
M.subcommands = {
  apply = {
    arguments = { 'all' },
    run = function(what)
      hephaestus.apply({ all = what == 'all' })
    end,
  },
  cancel = {
    run = function()
      send('hephaestus.cancel')
    end,
  },
  dismiss = { run = hephaestus.dismiss },
  evidence = { run = hephaestus.evidence },
  forge = { arguments = { 'goal', 'file', 'workspace' }, run = hephaestus.forge },
  goals = {
    arguments = { 'file', 'workspace' },
    run = function(where)
      hephaestus.goals({ file = where == 'file' })
    end,
  },
  log = {
    run = function()
      require('hephaestus.server').open_log()
    end,
  },
  pause = {
    run = function()
      send('hephaestus.pause')
    end,
  },
  preview = { run = hephaestus.preview },
  report = {
    run = function()
      require('hephaestus.server').report()
    end,
  },
  restart = {
    run = function()
      require('hephaestus.server').restart()
    end,
  },
  restore = { run = hephaestus.restore },
  resume = {
    run = function()
      send('hephaestus.resume')
    end,
  },
  status = { run = status },
  trust = { arguments = { 'yes', 'no' }, run = trust },
  verify = { run = hephaestus.verify },
}

--- Those of `words` that begin with what was typed, sorted.
local function beginning_with(words, typed)
  local found = vim.tbl_filter(function(word)
    return vim.startswith(word, typed)
  end, words)
  table.sort(found)
  return found
end

--- What may stand at the end of a command line.
---@param typed string The word so far
---@param line string The whole command line so far
---@return string[]
function M.complete(typed, line)
  local words =
    vim.split(vim.trim(line:gsub('^.-Hephaestus%s+', '', 1):sub(1, -#typed - 1)), '%s+', { trimempty = true })
  if #words == 0 then
    return beginning_with(vim.tbl_keys(M.subcommands), typed)
  end
  local subcommand = M.subcommands[words[1]]
  return #words == 1 and subcommand and beginning_with(subcommand.arguments or {}, typed) or {}
end

--- Runs `:Hephaestus`; without a word the user picks one.
---@param words string[]
function M.run(words)
  local name, argument = words[1], words[2]
  if not name then
    local names = beginning_with(vim.tbl_keys(M.subcommands), '')
    return vim.ui.select(names, { prompt = 'Hephaestus' }, function(choice)
      if choice then
        M.run({ choice })
      end
    end)
  end
  local subcommand = M.subcommands[name]
  if not subcommand then
    return clients.say(('there is no `:Hephaestus %s`'):format(name), vim.log.levels.ERROR)
  end
  if #words > 2 or (argument and not vim.list_contains(subcommand.arguments or {}, argument)) then
    local message = '`:Hephaestus %s` does not take `%s`'
    return clients.say(message:format(name, table.concat(words, ' ', 2)), vim.log.levels.ERROR)
  end
  subcommand.run(argument)
end

return M
