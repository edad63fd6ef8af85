using Workerd = import "/workerd/workerd.capnp";

# f(g(x)): f asks g by a service binding, in the same process.
const config :Workerd.Config = (
  services = [(name = "f", worker = .f), (name = "g", worker = .g)],
  # The port comes from the command line: --socket-addr http=HOST:PORT
  sockets = [(name = "http", http = (), service = "f")],
);

const f :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "workerd-f.mjs")],
  bindings = [(name = "g", service = "g")],
  compatibilityDate = "2025-01-01",
);

const g :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "workerd-g.mjs")],
  compatibilityDate = "2025-01-01",
);
