namespace Virga.Functions;

/// <summary>Which function version an instance runs.</summary>
internal sealed record FunctionIdentity(string Tenant, string Namespace, string Function, int Version);
