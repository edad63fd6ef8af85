namespace Virga.Control.Changes;

/// <summary>An entry of the change feed that says that its reader was too slow for some entries about scale.</summary>
/// <param name="Kind"><c>scale</c>.</param>
/// <param name="Lost">How many were left out, the oldest ones, right before this entry.</param>
public sealed record ScaleLoss(string Kind, long Lost);
