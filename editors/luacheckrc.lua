-- What luacheck is to know of our Lua: it runs in Neovim, which brings LuaJIT and `vim`. Layout is another tool's business.
std = 'luajit'
read_globals = { 'arg' }
globals = { 'vim' }
max_line_length = false
codes = true
