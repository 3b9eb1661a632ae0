--- The goals: asked of the server, picked by the user, listed in the quickfix or a location list.
---
--- A server that does not know `hephaestus/goals` yet is read from its diagnostics. Nothing is done to a goal here.

local clients = require('hephaestus.client')

local M = {}

---@class hephaestus.Goal
---@field client vim.lsp.Client Whose server knows it
---@field uri string The document it is in
---@field id string
---@field title string
---@field rule string
---@field range lsp.Range
---@field state 'open'|'forging'|'proven'|'stale'|'applied'|'dismissed'
---@field detail string One line: what gets better and how it was proved

M.TITLE = 'Hephaestus: goals'

--- What is still of interest to somebody who looks for work.
M.LIVE = { 'proven', 'stale', 'forging', 'open' }

-- How a list marks them: what can be applied stands out.
local TYPES = { proven = 'I', stale = 'N', forging = 'N', open = 'N' }

--- The lists that follow the server's news: where each is shown, and of what.
---@type { id: integer, window: integer?, uri: string?, client: vim.lsp.Client }[]
local followed = {}

local function text(value)
  return type(value) == 'string' and value or ''
end

---@return hephaestus.Goal[]
local function from_answer(client, answer)
  local goals = {}
  for _, file in ipairs(type(answer) == 'table' and answer.files or {}) do
    for _, goal in ipairs(file.goals or {}) do
      table.insert(goals, {
        client = client,
        uri = file.uri,
        id = goal.id,
        title = text(goal.title),
        rule = text(goal.rule),
        range = goal.range,
        state = text(goal.state),
        detail = text(goal.detail),
      })
    end
  end
  return goals
end

--- What an older server tells: diagnostics, whose data name the goal.
---@return hephaestus.Goal?
local function from_diagnostic(client, diagnostic)
  local raw = vim.tbl_get(diagnostic, 'user_data', 'lsp') or {}
  local id = vim.tbl_get(raw, 'data', 'goal')
  if diagnostic.source ~= clients.NAME or type(id) ~= 'string' then
    return
  end
  local title, detail = diagnostic.message:match('^(.-) %((proven .*)%)$')
  return {
    client = client,
    uri = vim.uri_from_bufnr(diagnostic.bufnr),
    id = id,
    title = title or diagnostic.message,
    rule = text(diagnostic.code),
    range = raw.range,
    state = detail and 'proven' or 'open',
    detail = detail or '',
  }
end

---@return hephaestus.Goal[]
local function from_diagnostics(client)
  local goals = {}
  for _, is_pull in ipairs({ false, true }) do
    local namespace = vim.lsp.diagnostic.get_namespace(client.id, is_pull)
    for _, diagnostic in ipairs(vim.diagnostic.get(nil, { namespace = namespace })) do
      table.insert(goals, from_diagnostic(client, diagnostic))
    end
  end
  return goals
end

--- All goals a server knows.
---@param client vim.lsp.Client
---@param callback fun(goals: hephaestus.Goal[])
function M.ask(client, callback)
  clients.ask(client, 'hephaestus/goals', vim.empty_dict(), function(answer, failure)
    if failure then
      clients.say(failure, vim.log.levels.ERROR)
    else
      callback(answer and from_answer(client, answer) or from_diagnostics(client))
    end
  end)
end

--- Those of a file, in these states.
---@param goals hephaestus.Goal[]
---@param states string[]
---@param uri? string
function M.filter(goals, states, uri)
  return vim.tbl_filter(function(goal)
    return vim.list_contains(states, goal.state) and (not uri or goal.uri == uri)
  end, goals)
end

--- Of goals of one file those on a line; where none begins there, those around it.
---@param goals hephaestus.Goal[]
---@param line integer Counted from 0
local function on_line(goals, line)
  local function those(is_meant)
    return vim.tbl_filter(function(goal)
      return is_meant(goal.range.start.line, goal.range['end'].line)
    end, goals)
  end
  local first = those(function(from)
    return from == line
  end)
  return #first > 0 and first or those(function(from, to)
    return from <= line and line <= to
  end)
end

--- One line about a goal, for menus and lists.
---@param goal hephaestus.Goal
function M.describe(goal)
  local detail = goal.detail ~= '' and (' (%s)'):format(goal.detail) or ''
  return ('%s: %s%s'):format(goal.state, goal.title, detail)
end

--- Lets the user pick one of these goals; one alone is picked already when `is_sure`.
local function choose(goals, prompt, is_sure, callback)
  if #goals == 1 and is_sure then
    return callback(goals[1])
  end
  local options = { prompt = prompt, kind = 'hephaestus.goal', format_item = M.describe }
  vim.ui.select(goals, options, function(goal)
    if goal then
      callback(goal)
    end
  end)
end

--- The goal the user means: the one on the cursor's line, else one picked from a menu of the file's.
---@param states string[] The states it may be in
---@param prompt string The menu's heading
---@param callback fun(goal: hephaestus.Goal)
function M.pick(states, prompt, callback)
  local client = clients.of(0)
  if not client then
    return clients.warn('no server looks after this buffer')
  end
  local uri, line = vim.uri_from_bufnr(0), vim.api.nvim_win_get_cursor(0)[1] - 1
  M.ask(client, function(goals)
    local here = M.filter(goals, states, uri)
    local meant = on_line(here, line)
    if #here == 0 then
      clients.warn(('this file has no goal that is %s'):format(table.concat(states, ' or ')))
    elseif #meant > 0 then
      choose(meant, prompt, true, callback)
    else
      choose(here, prompt, false, callback)
    end
  end)
end

---@param goals hephaestus.Goal[]
---@return vim.quickfix.entry[]
local function items(goals)
  local encoding = goals[1] and goals[1].client.offset_encoding or 'utf-16'
  local found = vim.lsp.util.locations_to_items(goals, encoding)
  for _, item in ipairs(found) do
    local goal = item.user_data
    item.text, item.type = M.describe(goal), TYPES[goal.state]
    -- The client is no plain data, and a list shall hold nothing else.
    item.user_data = { hephaestus = { goal = goal.id, uri = goal.uri, state = goal.state } }
  end
  return found
end

--- Reads or writes the list that is meant: the quickfix list, or a window's.
local function get(list, what)
  return list.window and vim.fn.getloclist(list.window, what) or vim.fn.getqflist(what)
end

local function set(list, action, what)
  if list.window then
    vim.fn.setloclist(list.window, {}, action, what)
  else
    vim.fn.setqflist({}, action, what)
  end
end

--- Fills a list anew and leaves the place in it where it was.
local function refill(list)
  M.ask(list.client, function(goals)
    local now = get(list, { id = list.id, idx = 0 })
    if now.id == list.id then
      local what = { id = list.id, items = items(M.filter(goals, M.LIVE, list.uri)) }
      what.idx = math.max(1, math.min(now.idx, #what.items))
      set(list, 'r', what)
    end
  end)
end

--- Whether a list is still there, and its server too.
local function is_alive(list)
  local is_shown = not list.window or vim.api.nvim_win_is_valid(list.window)
  return is_shown and not list.client:is_stopped() and get(list, { id = list.id, title = 0 }).title == M.TITLE
end

--- Takes the notification `hephaestus/goalsChanged`: lists of goals that are still there are filled anew.
---@type lsp.Handler
function M.on_changed(_, _, context)
  followed = vim.tbl_filter(is_alive, followed)
  for _, list in ipairs(followed) do
    if list.client.id == context.client_id then
      refill(list)
    end
  end
end

--- Lists the goals: those of the workspace in the quickfix list, those of the file in the window's location list.
---@param opts? { file?: boolean, open?: boolean } `open = false` leaves the list's window closed
function M.list(opts)
  opts = opts or {}
  local client = clients.demand()
  if not client then
    return
  end
  local window = opts.file and vim.api.nvim_get_current_win() or nil
  local uri = opts.file and vim.uri_from_bufnr(0) or nil
  M.ask(client, function(goals)
    local live = M.filter(goals, M.LIVE, uri)
    local list = { client = client, window = window, uri = uri }
    set(list, ' ', { title = M.TITLE, items = items(live) })
    list.id = get(list, { id = 0 }).id
    table.insert(followed, list)
    if #live == 0 then
      clients.say('there are no goals')
    elseif opts.open ~= false then
      vim.cmd(window and 'lopen' or 'copen')
    end
  end)
end

return M
