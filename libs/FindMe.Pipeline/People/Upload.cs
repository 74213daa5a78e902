namespace FindMe.Pipeline;

/// <summary>A ZIP file that a person sent. Lies under <see cref="StateKeys.Upload"/>; its photos lie in a folder of their own, by number.</summary>
public sealed record Upload
{
    /// <summary>The version of this document's shape.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>The upload's id: 128 random bits, 32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required string Person { get; init; }

    /// <summary>The names of its photos in the ZIP file; a photo's number is its place here.</summary>
    public required IReadOnlyList<string> Photos { get; init; }

    /// <summary>Bytes that it counts with in the quotas: reserved while it comes, then those of its photos. 0 in older documents.</summary>
    public long Bytes { get; init; }

    /// <summary>The allowance of the address that it came from, a hash of the day; null in older documents.</summary>
    public string? AddressAllowance { get; init; }

    /// <summary>When it came.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it is deleted.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}
