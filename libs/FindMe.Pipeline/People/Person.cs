using System.Text.Json.Serialization;

namespace FindMe.Pipeline;

/// <summary>What FindMe keeps about a person besides their encrypted references. Lies under <see cref="StateKeys.Person"/>.</summary>
public sealed record Person : Document
{
    /// <summary>What a person is kept for after they were last here: as long as their youngest reference or search can be.</summary>
    public static readonly TimeSpan Retention = TimeSpan.FromDays(30);

    /// <summary>The version of the consent text that they agreed to.</summary>
    public required string ConsentVersion { get; init; }

    /// <summary>When they agreed.</summary>
    public required DateTimeOffset ConsentAt { get; init; }

    /// <summary>When they were last here, to the day: their document is written again with it, so that its time begins anew. The year 1 in older documents.</summary>
    public DateTimeOffset VisitedAt { get; init; }

    /// <summary>They are deleting everything: nothing may be added any more.</summary>
    [JsonPropertyName("leaving")]
    public bool Deleting { get; init; }

    /// <summary>Their references, oldest first: all that may be shown of them.</summary>
    public IReadOnlyList<ReferenceSummary> References { get; init; } = [];

    /// <summary>The browsers that are theirs: a cookie of another session is nobody's.</summary>
    public IReadOnlyList<string> Sessions { get; init; } = [];

    /// <summary>The accounts they are signed in with, one a network at most: all that may be shown of them.</summary>
    public IReadOnlyList<AccountSummary> Accounts { get; init; } = [];

    /// <summary>The ids of their searches, oldest first.</summary>
    public IReadOnlyList<string> Searches { get; init; } = [];

    /// <summary>The ids of their uploads, oldest first; one whose time is over is deleted already.</summary>
    public IReadOnlyList<string> Uploads { get; init; } = [];

    /// <summary>The ids of uploads of which photos are kept for reports and links, also beyond their time.</summary>
    public IReadOnlyList<string> KeptUploads { get; init; } = [];

    /// <summary>Whether the person has anything here that another one must not see.</summary>
    [JsonIgnore]
    public bool HasThings => References.Count + Searches.Count + Uploads.Count > 0;

    /// <summary>The references that searches use: the oldest of a recipe, and all that a chain of near ones connects with it.</summary>
    /// <param name="recipe">The recipe: embeddings of others cannot be compared.</param>
    /// <returns>Oldest first. Each is near another one of them, unless it is the only one.</returns>
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

    /// <summary>Bytes that are kept of each of those, by id; while one comes, the bytes that are reserved for it. None in documents of older versions.</summary>
    public IReadOnlyDictionary<string, long> UploadBytes { get; init; } = new Dictionary<string, long>();

    /// <summary>The same with an upload that has so many bytes.</summary>
    /// <param name="upload">The upload's id.</param>
    /// <param name="bytes">The bytes.</param>
    public Person WithUpload(string upload, long bytes) => this with
    {
        Uploads = Uploads.Contains(upload) ? Uploads : [.. Uploads, upload],
        UploadBytes = new Dictionary<string, long>(UploadBytes) { [upload] = bytes },
    };

    /// <summary>The same without some uploads.</summary>
    /// <param name="uploads">Their ids.</param>
    public Person WithoutUploads(IReadOnlyCollection<string> uploads) => this with
    {
        Uploads = [.. Uploads.Where(upload => !uploads.Contains(upload))],
        UploadBytes = UploadBytes.Where(upload => !uploads.Contains(upload.Key)).ToDictionary(),
    };

    /// <summary>The same without the references and accounts that the store has forgotten by now.</summary>
    /// <param name="now">Now.</param>
    public Person WithoutExpired(DateTimeOffset now) => this with
    {
        References = [.. References.Where(reference => reference.ExpiresAt > now)],
        Accounts = [.. Accounts.Where(account => account.SignedInAt + Retention > now)],
    };
}

/// <summary>What may be shown of a reference. The embedding is not part of it.</summary>
public sealed record ReferenceSummary
{
    /// <summary>The reference's id: 128 random bits, 32 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>The model and alignment that made the embedding; another model's embeddings are never compared with it.</summary>
    public required string Recipe { get; init; }

    /// <summary>The face on the picture that was shown, in pixels of the upright picture.</summary>
    public required FaceBox Box { get; init; }

    /// <summary>That picture's width in pixels.</summary>
    public required int Width { get; init; }

    /// <summary>That picture's height in pixels.</summary>
    public required int Height { get; init; }

    /// <summary>How good a reference it makes, 0 to 1.</summary>
    public required float Quality { get; init; }

    /// <summary>What would make it better, sentences for a person; may be empty.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>The ids of the earlier references that show the same face: they are within the match distance.</summary>
    public IReadOnlyList<string> Near { get; init; } = [];

    /// <summary>It shows the sample face of a demo, not the person.</summary>
    public bool IsSample { get; init; }

    /// <summary>When it was shown.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it is forgotten.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    internal bool IsNear(ReferenceSummary other) => Near.Contains(other.Id) || other.Near.Contains(Id);
}
