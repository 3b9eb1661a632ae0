--- The evidence of a goal in a floating window with keys of its own.
---
--- What the keys do is said by whoever opens it.

local clients = require('hephaestus.client')

local M = {}

local FOCUS_ID = 'hephaestus.evidence'

---@class hephaestus.Evidence What `hephaestus/evidence` answers, as far as it is used here; `vim.NIL` is possible.
---@field markdown string The card as text
---@field diff? string
---@field files? { uri: string, path: string, before: string?, after: string? }[]

--- Asks for everything that speaks for a goal. A server that does not know the request gives the card alone.
---@param goal { client: vim.lsp.Client, uri: string, id: string }
---@param callback fun(evidence: hephaestus.Evidence)
function M.ask(goal, callback)
  local function shown(answer)
    if type(answer) == 'table' and type(answer.value) == 'string' then
      callback({ markdown = answer.value })
    else
      clients.warn('nothing is known of this goal any more')
    end
  end
  clients.ask(goal.client, 'hephaestus/evidence', { uri = goal.uri, goal = goal.id }, function(answer, failure)
    if failure then
      clients.say(failure, vim.log.levels.ERROR)
    elseif type(answer) == 'table' and type(answer.markdown) == 'string' then
      callback(answer)
    else
      clients.execute(goal.client, 'hephaestus.showEvidence', { goal.uri, goal.id, true }, shown)
    end
  end)
end

--- The card, and the change itself below it where the card does not show it.
---@param evidence hephaestus.Evidence
---@return string[]
local function lines(evidence)
  local found = vim.split(evidence.markdown, '\n', { trimempty = true })
  if type(evidence.diff) == 'string' and not evidence.markdown:find('```diff', 1, true) then
    vim.list_extend(found, { '', '```diff' })
    vim.list_extend(found, vim.split(evidence.diff, '\n', { trimempty = true }))
    table.insert(found, '```')
  end
  return found
end

--- Closes the window and does what a key stands for.
local function on_key(window, run, goal)
  return function()
    if vim.api.nvim_win_is_valid(window) then
      vim.api.nvim_win_close(window, true)
    end
    if run then
      run(goal)
    end
  end
end

--- Shows the evidence of a goal, and enters the window: its keys work at once.
---@param goal { client: vim.lsp.Client, uri: string, id: string }
---@param keys { key: string, name: string, run: fun(goal: table) }[]
function M.show(goal, keys)
  M.ask(goal, function(evidence)
    local border = vim.o.winborder ~= '' and vim.o.winborder or 'rounded'
    local options = { focus_id = FOCUS_ID, border = border, title = ' Evidence ', focus = false, max_width = 100 }
    local bufnr, window = vim.lsp.util.open_floating_preview(lines(evidence), 'markdown', options)
    local foot = {}
    for _, key in ipairs(keys) do
      vim.keymap.set('n', key.key, on_key(window, key.run, goal), { buffer = bufnr, nowait = true, desc = key.name })
      table.insert(foot, key.key .. ' ' .. key.name)
    end
    for _, key in ipairs({ 'q', '<Esc>' }) do
      vim.keymap.set('n', key, on_key(window), { buffer = bufnr, nowait = true, desc = 'close' })
    end
    table.insert(foot, 'q close')
    if border ~= 'none' then
      vim.api.nvim_win_set_config(window, { footer = (' %s '):format(table.concat(foot, ' · ')) })
    end
    vim.api.nvim_set_current_win(window)
  end)
end

return M
