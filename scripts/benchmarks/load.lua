-- What wrk sends: POST requests whose JSON bodies are the lines of the file named after "--", each in its turn.
-- What it says at the end is one line of JSON, which scripts/benchmarks/api.py reads.

-- Threads start this many bodies apart, so that no two of them send the same ones at the same time.
local APART = 61
local threads = 0

-- In wrk's main state, once for each thread before it starts.
function setup(thread)
   thread:set("number", threads)
   threads = threads + 1
end

-- In each thread's own state: requests are written out here, so that sending one costs a look into a table.
function init(args)
   local headers = { ["Content-Type"] = "application/json" }
   requests = {}
   for body in io.lines(args[1]) do
      requests[#requests + 1] = wrk.format("POST", nil, headers, body)
   end
   turn = number * APART % #requests
end

function request()
   turn = turn % #requests + 1
   return requests[turn]
end

function done(summary, latency)
   local errors = summary.errors
   local counts = {}
   for index = 1, #latency do
      counts[index] = string.format("[%d, %d]", latency(index))
   end
   io.write(string.format(
      '{"requests": %d, "duration_us": %d, "errors": {"connect": %d, "read": %d, "write": %d, "status": %d, '
         .. '"timeout": %d}, "latencies_us": [%s]}\n',
      summary.requests, summary.duration, errors.connect, errors.read, errors.write, errors.status, errors.timeout,
      table.concat(counts, ", ")
   ))
end
