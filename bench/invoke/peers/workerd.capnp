using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "hello", worker = .hello)],
  # The port comes from the command line: --socket-addr http=HOST:PORT
  sockets = [(name = "http", http = (), service = "hello")],
);

const hello :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "workerd.mjs")],
  compatibilityDate = "2025-01-01",
);
