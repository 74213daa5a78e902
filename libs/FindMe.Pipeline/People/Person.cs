using System.Text.Json.Serialization;

namespace FindMe.Pipeline;

/// <summary>A person's data, except for their encrypted references. Stored under <see cref="StateKeys.Person"/>.</summary>
public sealed record Person : Document
{
    /// <summary>How long a person is kept after their last visit, 30 days: as long as their newest reference or search can last.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    /// <summary>The version of the consent text that the person accepted.</summary>
    public required string ConsentVersion { get; init; }

    /// <summary>When they accepted it.</summary>
    public required DateTimeOffset ConsentAt { get; init; }

    /// <summary>The day of their last visit. Saving it renews the document's time to live. The year 1 in older documents.</summary>
    public DateTimeOffset VisitedAt { get; init; }

    /// <summary>Whether they are deleting everything: nothing may be added any more.</summary>
    [JsonPropertyName("leaving")]
    public bool Deleting { get; init; }

    /// <summary>Their references, oldest first: only the part that may be shown.</summary>
    public IReadOnlyList<ReferenceSummary> References { get; init; } = [];

    /// <summary>The sessions of their browsers. A cookie with any other session belongs to nobody.</summary>
    public IReadOnlyList<string> Sessions { get; init; } = [];

    /// <summary>Their linked accounts, at most one per network: only the part that may be shown.</summary>
    public IReadOnlyList<AccountSummary> Accounts { get; init; } = [];

    /// <summary>The ids of their searches, oldest first.</summary>
    public IReadOnlyList<string> Searches { get; init; } = [];

    /// <summary>The ids of their uploads, oldest first; expired ones are already deleted.</summary>
    public IReadOnlyList<string> Uploads { get; init; } = [];

    /// <summary>The ids of uploads of which photos are kept for reports and links, also beyond their time.</summary>
    public IReadOnlyList<string> KeptUploads { get; init; } = [];

    /// <summary>Whether the person owns any data that nobody else may see.</summary>
    [JsonIgnore]
    public bool HasData => References.Count + Searches.Count + Uploads.Count > 0;

    /// <summary>The references that searches use: the oldest of a recipe, and every reference connected to it by a chain of near ones.</summary>
    /// <param name="recipe">The recipe: embeddings of different recipes cannot be compared.</param>
    /// <returns>Oldest first. Each is near another one in the list, unless it is the only one.</returns>
    public IReadOnlyList<ReferenceSummary> ReferencesInUse(string recipe)
    {
        var comparable = References.Where(reference => reference.Recipe == recipe).ToList();
        var used = new HashSet<ReferenceSummary>(comparable.Take(1), ReferenceEqualityComparer.Instance);
        for (var before = 0; before < used.Count;)
        {
            before = used.Count;
            used.UnionWith(comparable.Where(reference => used.Any(reference.IsNear)));
        }

        return [.. comparable.Where(used.Contains)];
    }

    /// <summary>Bytes used by each upload, by id; during an upload, the bytes reserved for it. Empty in documents of older versions.</summary>
    public IReadOnlyDictionary<string, long> UploadBytes { get; init; } = new Dictionary<string, long>();

    /// <summary>Returns a copy with an upload of the given size.</summary>
    /// <param name="upload">The upload's id.</param>
    /// <param name="bytes">The upload's size.</param>
    public Person WithUpload(string upload, long bytes) => this with
    {
        Uploads = Uploads.Contains(upload) ? Uploads : [.. Uploads, upload],
        UploadBytes = new Dictionary<string, long>(UploadBytes) { [upload] = bytes },
    };

    /// <summary>Returns a copy without some uploads.</summary>
    /// <param name="uploads">Their ids.</param>
    public Person WithoutUploads(IReadOnlyCollection<string> uploads) => this with
    {
        Uploads = [.. Uploads.Where(upload => !uploads.Contains(upload))],
        UploadBytes = UploadBytes.Where(upload => !uploads.Contains(upload.Key)).ToDictionary(),
    };

    /// <summary>Returns a copy without the references and accounts that have expired.</summary>
    /// <param name="now">Now.</param>
    public Person WithoutExpired(DateTimeOffset now) => this with
    {
        References = [.. References.Where(reference => reference.ExpiresAt > now)],
        Accounts = [.. Accounts.Where(account => account.SignedInAt + Retention > now)],
    };
}

/// <summary>The part of a reference that may be shown; it excludes the embedding.</summary>
public sealed record ReferenceSummary
{
    /// <summary>The reference's id: 128 random bits, 32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The model and alignment that made the embedding; another model's embeddings are never compared with it.</summary>
    public required string Recipe { get; init; }

    /// <summary>The face on the uploaded picture, in pixels of the upright picture.</summary>
    public required FaceBox Box { get; init; }

    /// <summary>The upright picture's width in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>The upright picture's height in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>The quality of the reference, 0 to 1; higher is better.</summary>
    public required float Quality { get; init; }

    /// <summary>What would improve the reference, sentences for the person; may be empty.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The ids of earlier references within the match distance: they show the same face.</summary>
    public IReadOnlyList<string> Near { get; init; } = [];

    /// <summary>It shows the sample face of a demo, not the person.</summary>
    public bool IsSample { get; init; }

    /// <summary>When it was uploaded.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it expires.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    internal bool IsNear(ReferenceSummary other) => Near.Contains(other.Id) || other.Near.Contains(Id);
}
