namespace Virga.Topics.Ledgers.Cold;

/// <summary>An S3, or what speaks its protocol, that keeps offloaded ledgers.</summary>
public sealed record S3ColdOptions
{
    /// <summary>Where it is, such as <c>https://s3.eu-central-1.amazonaws.com</c> or <c>http://minio:9000</c>; buckets are named in the path.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The bucket, which exists.</summary>
    public required string Bucket { get; init; }

    /// <summary>The name of the key; null takes keys from where Amazon's tools look for them.</summary>
    public string? AccessKey { get; init; }

    /// <summary>The key.</summary>
    public string? SecretKey { get; init; }

    /// <summary>The region by which requests are signed.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>What the names of the objects begin with. All nodes of a cluster have the same, and no other cluster has it.</summary>
    public string Prefix { get; init; } = "virga/ledgers/";

    /// <summary>The bytes of a part of an upload; S3 takes no less than 5 MiB.</summary>
    public int PartBytes { get; init; } = 8 << 20;

    /// <summary>The bytes of entries that are read at once, about.</summary>
    public int BlockBytes { get; init; } = 1 << 20;

    /// <summary>The memory for blocks that were read.</summary>
    public long CacheBytes { get; init; } = 32 << 20;
}
