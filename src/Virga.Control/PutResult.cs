namespace Virga.Control;

/// <summary>What became of a resource that was put.</summary>
/// <param name="Resource">The resource as it is now.</param>
/// <param name="Created">Whether it is new.</param>
internal readonly record struct PutResult<T>(T Resource, bool Created);
