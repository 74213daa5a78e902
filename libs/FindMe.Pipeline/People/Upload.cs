namespace FindMe.Pipeline;

/// <summary>A ZIP file that a person uploaded. Stored under <see cref="StateKeys.Upload"/>; its photos are files in a folder of their own, named by number.</summary>
public sealed record Upload
{
    /// <summary>The version of this document's schema.</summary>
    public int Schema { get; init; } = 1;

    /// <summary>The upload's id: 128 random bits, 32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The owner.</summary>
    public required string Person { get; init; }

    /// <summary>What its owner calls it: the ZIP file's name; null: they gave none.</summary>
    public string? Name { get; init; }

    /// <summary>The photos' names in the ZIP file; a photo's number is its index here.</summary>
    public required IReadOnlyList<string> Photos { get; init; }

    /// <summary>Bytes that count against the quotas: reserved during the upload, then the total size of its photos. 0 in older documents.</summary>
    public long Bytes { get; init; }

    /// <summary>The daily allowance of the address that uploaded it, as a hash; null in older documents.</summary>
    public string? AddressAllowance { get; init; }

    /// <summary>When it was uploaded.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it is deleted.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}
