// Bare Kestrel, the floor under the gateway: no routing, no logging, one JSON answer.
using System.Net;
using Virga.Bench.Kestrel;

var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(
    IPAddress.Loopback,
    int.Parse(Environment.GetEnvironmentVariable("PORT") ?? throw new InvalidOperationException("Set PORT to the port to listen on."))));
await using var app = builder.Build();
app.Run(context => context.Response.WriteAsJsonAsync(new Greeting("world"), GreetingJson.Default.Greeting));
await app.RunAsync();
