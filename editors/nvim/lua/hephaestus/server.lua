--- The server as a program: started again, its log, its page of what was tried.
---
--- Which program that is says the configuration of the language client alone.

local clients = require('hephaestus.client')

local M = {}

-- A server that has not ended by itself by then is ended.
local PATIENCE_MS = 3000
local POLL_MS = 50
local USAGE = 2

--- The program and its arguments, as configured.
---@return string[]? nil where it is none that could be started here
function M.command()
  local command = (vim.lsp.config[clients.NAME] or {}).cmd
  return type(command) == 'table' and command or nil
end

--- Starts the clients again, for the buffers they were there for.
local function start()
  vim.lsp.enable(clients.NAME)
  clients.say('the server was started again')
end

--- Ends the server and starts it again. It need not be running.
function M.restart()
  vim.lsp.enable(clients.NAME, false)
  local left = PATIENCE_MS
  local function wait()
    local all = clients.all()
    if #all == 0 then
      return start()
    end
    if left <= 0 then
      for _, client in ipairs(all) do
        client:stop(true)
      end
    end
    left = left - POLL_MS
    vim.defer_fn(wait, POLL_MS)
  end
  wait()
end

--- The user's folder for state, where the server keeps its log.
local function state_folder()
  if vim.fn.has('win32') == 1 then
    return vim.env.LOCALAPPDATA
  elseif vim.fn.has('mac') == 1 then
    return vim.fs.normalize('~/Library/Application Support')
  end
  return vim.env.XDG_STATE_HOME or vim.fs.normalize('~/.local/state')
end

--- Where the server writes its log.
---@return string
function M.log_file()
  local command = M.command() or {}
  for at, word in ipairs(command) do
    local file = word:match('^%-%-log=(.+)') or (word == '--log' and command[at + 1])
    if file then
      return file
    end
  end
  return vim.fs.joinpath(state_folder(), 'hephaestus', 'lsp.log')
end

--- Opens the server's log in a split, at its end.
function M.open_log()
  local file = M.log_file()
  if not vim.uv.fs_stat(file) then
    return clients.warn(('there is no log at %s yet'):format(file))
  end
  vim.cmd.split({ args = { vim.fn.fnameescape(file) } })
  vim.bo.readonly = true
  vim.bo.autoread = true
  vim.cmd('normal! G')
end

--- Runs the server's program with other arguments, outside the editor's loop.
---@param arguments string[]
---@param callback fun(done: vim.SystemCompleted)
function M.run(arguments, callback)
  local command = M.command()
  if not command then
    return clients.warn('the server is reached by other means than a program: there is none to be run')
  end
  local words = vim.list_extend({ command[1] }, arguments)
  local ok, failure = pcall(vim.system, words, { text = true }, vim.schedule_wrap(callback))
  if not ok then
    clients.say(tostring(failure), vim.log.levels.ERROR)
  end
end

local function show_page(file)
  clients.say('the report is ' .. file)
  local _, failure = vim.ui.open(file)
  if failure then
    clients.warn(failure)
  end
end

--- What went wrong with a program.
local function failed(done)
  local words = vim.trim(done.stderr or '')
  clients.say(words ~= '' and words or ('the program ended with %d'):format(done.code), vim.log.levels.ERROR)
end

--- A run now, told as a page.
local function forge_page(root, file)
  M.run({ '--root', root, 'forge', '--format', 'html' }, function(done)
    if not vim.startswith(vim.trim(done.stdout or ''), '<') then
      return failed(done)
    end
    vim.fn.writefile(vim.split(done.stdout, '\n'), file)
    show_page(file)
  end)
end

--- For a server without `report`. The program asks nobody whether tests may be run, so that is asked here.
local function offer_forge_page(client, root, file)
  if (require('hephaestus.status').of(client) or {}).state == 'untrusted' then
    return clients.warn('this server has no report without a run, and nothing is run in a folder that is not trusted')
  end
  local choices = { 'Run the tests now, for a report of that run', 'No' }
  vim.ui.select(choices, { prompt = 'This server has no report of earlier runs' }, function(choice)
    if choice == choices[1] then
      forge_page(root, file)
    end
  end)
end

--- Writes the page of what was tried and what came of it, and opens it in the browser.
function M.report()
  local client = clients.demand()
  local root = client and clients.root(client)
  if not client or not root then
    return client and clients.warn('the report is about a workspace, and there is none')
  end
  local folder = vim.fs.joinpath(vim.fn.stdpath('cache'), 'hephaestus')
  vim.fn.mkdir(folder, 'p')
  local file = vim.fs.joinpath(folder, vim.fs.basename(root) .. '.html')
  M.run({ 'report', '--root', root, '--output', file }, function(done)
    if done.code == 0 then
      show_page(file)
    elseif done.code == USAGE and (done.stderr or ''):find('unrecognized subcommand', 1, true) then
      offer_forge_page(client, root, file)
    else
      failed(done)
    end
  end)
end

return M
