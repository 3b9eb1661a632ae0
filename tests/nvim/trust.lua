--- The question of trust: nothing is run before it is answered, and it is asked once.
---
--- Run by `tests/lsp/neovim.rs` with `nvim -l`, twice in the same project: with the argument `asks` at first, with
--- `knows` then. A Lua error is a failed test.

local session = dofile(vim.fs.joinpath(vim.fs.dirname(arg[0]), 'session.lua'))
local RULE = 'python/return-condition'

local questions = {}

---@diagnostic disable-next-line: duplicate-set-field
vim.ui.select = function(items, options, on_choice)
  table.insert(questions, { items = items, options = options, answer = on_choice })
end

local client = session.open('shelf.py')

session.await('a goal is shown', session.diagnostic(RULE))
vim.api.nvim_buf_set_lines(0, 1, 1, true, { '', ('LIMIT = %d'):format(#arg[1]) })
vim.cmd.write()

if arg[1] == 'asks' then
  local question = session.await('a question', function()
    return questions[1]
  end)
  assert(question.options.prompt:match('[Tt]rust'), question.options.prompt)
  assert(session.forges(client) == 0, 'tests are run without trust')
  for _, item in ipairs(question.items) do
    if question.options.format_item(item) == 'Trust' then
      question.answer(item)
    end
  end
end

session.await('a run is begun', function()
  return session.forges(client) > 0
end)
-- What a run finds is another session's business. This one ends in the middle of it, and nothing may be left running.
assert(#questions == (arg[1] == 'asks' and 1 or 0), 'it is asked again')
print('held')
