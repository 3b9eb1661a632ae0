--- What all sessions with the real server need: patience, and what the server has shown. Loaded with `dofile`.

local M = {}

-- Generous: the machine may be busy.
local PATIENCE_MS = tonumber(vim.env.HEPHAESTUS_PATIENCE_MS) or 300000

--- What the server has shown on the current buffer, for messages.
local function shown()
  local lines = { ('status: %s'):format(require('hephaestus').status()) }
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    local severity = vim.diagnostic.severity[diagnostic.severity]
    local place = ('%d:%d'):format(diagnostic.lnum + 1, diagnostic.col + 1)
    table.insert(lines, ('%s %s %s: %s'):format(place, severity, diagnostic.code, diagnostic.message))
  end
  return table.concat(lines, '\n  ')
end

--- Waits until `condition` gives something, and returns that. Nothing here sleeps: there is always something to hold.
function M.await(what, condition)
  local found
  vim.wait(PATIENCE_MS, function()
    found = condition()
    return found
  end, 20)
  return found or error(('not within %d s: %s\n  %s'):format(PATIENCE_MS / 1000, what, shown()), 2)
end

--- Opens a file of the project and waits for the server.
---@return vim.lsp.Client
function M.open(file)
  vim.cmd.edit(file)
  assert(vim.bo.filetype ~= '', 'file types are not detected')
  return M.await('the server is attached', function()
    return vim.lsp.get_clients({ bufnr = 0, name = 'hephaestus' })[1]
  end)
end

--- A condition: this rule has something of this severity to say on the current buffer.
---@return fun(): vim.Diagnostic?
function M.diagnostic(rule, severity)
  return function()
    for _, diagnostic in ipairs(vim.diagnostic.get(0, { severity = severity })) do
      if diagnostic.source == 'hephaestus' and diagnostic.code == rule then
        return diagnostic
      end
    end
  end
end

--- From now on menus are answered: the first item whose line has `words` in it is picked.
function M.answer_menus(words)
  ---@diagnostic disable-next-line: duplicate-set-field
  vim.ui.select = function(items, options, on_choice)
    local lines = {}
    for index, item in ipairs(items) do
      local line = options.format_item and options.format_item(item) or tostring(item)
      if line:find(words, 1, true) then
        return on_choice(item, index)
      end
      table.insert(lines, line)
    end
    error(('`%s` has nothing about `%s`:\n  %s'):format(options.prompt, words, table.concat(lines, '\n  ')))
  end
end

--- The floating window, if there is one.
---@return integer?
function M.float()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      return window
    end
  end
end

--- The text of a window.
---@param window integer
function M.text_in(window)
  return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, true), '\n')
end

--- Presses keys, as a user does.
function M.press(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'x', false)
end

--- What the user was told so far has this in it.
---@param words string
function M.was_told(words)
  return vim.fn.execute('messages'):find(words, 1, true) ~= nil
end

--- How many runs of the project's tests were begun.
---@param client vim.lsp.Client
function M.forges(client)
  local answer, failure = client:request_sync('hephaestus/stats', nil, 60000)
  assert(answer and answer.result, failure or vim.inspect(answer))
  return answer.result.forges
end

--- Fails when a diagnostic is shown twice: by a server that both pushes and is asked, say.
function M.expect_no_twins()
  local seen = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(0)) do
    local key = ('%d:%d %s'):format(diagnostic.lnum, diagnostic.col, diagnostic.message)
    assert(not seen[key], 'shown twice: ' .. key .. '\n  ' .. shown())
    seen[key] = true
  end
end

return M
