--- A server that is a few functions in this very process: it says what a test makes it say. Loaded with `dofile`.

local M = {
  --- What it was asked, in order: `{ method, params }`.
  asked = {},
  --- Answers by method: a value, or a function of the parameters. `M.error(…)` makes a failure of one.
  answers = {},
}

local closing = false

--- A failure, as an answer.
function M.error(code, message)
  return { is_error = true, code = code, message = message }
end

--- Forgets what it was asked.
function M.forget()
  M.asked = {}
end

--- The commands it was sent, with their arguments, in order.
function M.commands()
  local found = {}
  for _, asked in ipairs(M.asked) do
    if asked.method == 'workspace/executeCommand' then
      table.insert(found, { asked.params.command, asked.params.arguments })
    end
  end
  return found
end

--- The `cmd` of a client's configuration.
function M.start(dispatchers)
  M.say = function(method, params)
    dispatchers.notification(method, params)
  end
  local function stop()
    closing = true
    dispatchers.on_exit(0, 0)
  end
  return {
    request = function(method, params, callback)
      table.insert(M.asked, { method = method, params = params })
      local answer = M.answers[method]
      if type(answer) == 'function' then
        answer = answer(params)
      elseif answer == nil and method == 'initialize' then
        answer = { capabilities = {} }
      end
      if type(answer) == 'table' and answer.is_error then
        callback({ code = answer.code, message = answer.message })
      else
        callback(nil, answer == nil and vim.NIL or answer)
      end
      return true, 1
    end,
    notify = function(method)
      if method == 'exit' then
        stop()
      end
      return true
    end,
    is_closing = function()
      return closing
    end,
    terminate = stop,
  }
end

return M
