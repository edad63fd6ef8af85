using Virga.Functions;

namespace Virga.Worker.Functions;

/// <summary>The function version for which this instance was specialised.</summary>
internal sealed record LoadedFunction(FunctionIdentity Identity, Handler Handler, int Concurrency, bool StreamsBodies);
