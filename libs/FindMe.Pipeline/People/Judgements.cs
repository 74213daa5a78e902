using System.Security.Cryptography;
using System.Text.Json;
using Dapr;

namespace FindMe.Pipeline;

/// <summary>What a person says of a face: that it is theirs, or not. It names no face but by its place in a picture.</summary>
/// <param name="Place">The album, upload or network that holds the photo: two albums may call their photos the same.</param>
/// <param name="Photo">What its source calls the photo.</param>
/// <param name="Fingerprint">The picture's fingerprint; null: it has none.</param>
/// <param name="Box">The face, in fractions of the picture.</param>
/// <param name="FrameAt">The second of the post's video in which the face lies; null: it lies in the photo.</param>
/// <param name="IsMe">Whether the face is the person's.</param>
/// <param name="At">When they said so.</param>
/// <param name="Search">The search in which they said so.</param>
public sealed record Judgement(string Place, string Photo, string? Fingerprint, FaceBox Box, float? FrameAt, bool IsMe, DateTimeOffset At, string Search)
{
    /// <summary>Boxes that overlap at least so much are of one face: the field's usual bound.</summary>
    public const float LeastOverlap = 0.5f;

    // Two searches of one video look at the same frames, but decoders round their times.
    private const float SameFrame = 0.5f;

    /// <summary>A judgement on the face of a verdict.</summary>
    /// <param name="photo">The photo, with a verdict that has a box.</param>
    /// <param name="isMe">Whether the face is the person's.</param>
    /// <param name="at">When they said so.</param>
    /// <param name="search">The search in which they said so.</param>
    public static Judgement On(BatchPhoto photo, bool isMe, DateTimeOffset at, string search)
    {
        var verdict = photo.Verdict!;
        return new Judgement(PlaceOf(photo), photo.Id, verdict.Fingerprint, Fractions(verdict.Box!, verdict.Width!.Value, verdict.Height!.Value), verdict.FrameAt, isMe, at, search);
    }

    /// <summary>Whether it is about a face: it lies at the same place in the same photo or in another copy of the picture.</summary>
    /// <param name="photo">The photo that shows the face.</param>
    /// <param name="fingerprint">Its picture's fingerprint; null: it has none.</param>
    /// <param name="face">The face, in fractions of the picture.</param>
    /// <param name="frameAt">The second of the post's video in which the face lies; null: it lies in the photo.</param>
    /// <param name="isSamePicture">Whether two fingerprints are of one picture.</param>
    public bool IsAbout(BatchPhoto photo, string? fingerprint, FaceBox face, float? frameAt, Func<string, string, bool> isSamePicture) =>
        (FrameAt is null) == (frameAt is null)
        && (FrameAt is null || MathF.Abs(FrameAt.Value - frameAt!.Value) <= SameFrame)
        && Overlap(Box, face) >= LeastOverlap
        && ((Photo == photo.Id && Place == PlaceOf(photo)) || (Fingerprint is not null && fingerprint is not null && isSamePicture(Fingerprint, fingerprint)));

    /// <summary>A box in fractions of its picture.</summary>
    /// <param name="box">The box in pixels.</param>
    /// <param name="width">The picture's width in pixels.</param>
    /// <param name="height">The picture's height in pixels.</param>
    public static FaceBox Fractions(FaceBox box, int width, int height) => new(box.X / width, box.Y / height, box.Width / width, box.Height / height);

    private static string PlaceOf(BatchPhoto photo) => photo.Locator switch
    {
        { Album: { } album } => $"album/{album}",
        { Upload: { } upload } => $"upload/{upload}",
        _ => photo.Post.Network ?? "",
    };

    /// <summary>How much of two boxes lies in both: their intersection over their union, 0 to 1.</summary>
    /// <param name="one">A box.</param>
    /// <param name="other">Another one, in the same units.</param>
    public static float Overlap(FaceBox one, FaceBox other)
    {
        var width = Math.Min(one.X + one.Width, other.X + other.Width) - Math.Max(one.X, other.X);
        var height = Math.Min(one.Y + one.Height, other.Y + other.Height) - Math.Max(one.Y, other.Y);
        var shared = width > 0 && height > 0 ? width * height : 0;
        return shared > 0 ? shared / ((one.Width * one.Height) + (other.Width * other.Height) - shared) : 0;
    }
}

/// <summary>All that a person says of faces.</summary>
/// <param name="Version">Another one after each change; null: they never said anything.</param>
/// <param name="All">Oldest first.</param>
public sealed record PersonJudgements(string? Version, IReadOnlyList<Judgement> All)
{
    /// <summary>Nothing.</summary>
    public static PersonJudgements None { get; } = new(null, []);

    /// <summary>What the person says of a face; null: nothing. The newest judgement counts.</summary>
    /// <param name="photo">The photo that shows the face.</param>
    /// <param name="fingerprint">Its picture's fingerprint; null: it has none.</param>
    /// <param name="face">The face, in fractions of the picture.</param>
    /// <param name="frameAt">The second of the post's video in which the face lies; null: it lies in the photo.</param>
    /// <param name="isSamePicture">Whether two fingerprints are of one picture.</param>
    public bool? IsMe(BatchPhoto photo, string? fingerprint, FaceBox face, float? frameAt, Func<string, string, bool> isSamePicture)
    {
        for (var i = All.Count - 1; i >= 0; i--)
        {
            if (All[i].IsAbout(photo, fingerprint, face, frameAt, isSamePicture))
            {
                return All[i].IsMe;
            }
        }

        return null;
    }
}

/// <summary>A person's judgements, in memory only.</summary>
/// <param name="All">Oldest first, at most <see cref="Judgements.MaxPerPerson"/>.</param>
internal sealed record JudgementList(IReadOnlyList<Judgement> All) : Document;

/// <summary>Keeps what people say of faces, encrypted under their keys. Api writes it, Api and Compare read it.</summary>
/// <param name="documents">The encrypted documents of people.</param>
public sealed class Judgements(PersonDocuments documents)
{
    /// <summary>Judgements that are kept of a person: the document has half a megabyte then. The oldest go first.</summary>
    public const int MaxPerPerson = 2_000;

    /// <summary>The keys of the documents that <see cref="From"/> needs, for who reads others in the same request.</summary>
    /// <param name="person">Whose judgements.</param>
    public static IReadOnlyList<string> KeysOf(string person) => PersonDocuments.KeysOf(person, StateKeys.Judgements(person));

    /// <summary>Decrypts judgements.</summary>
    /// <param name="person">Whose they are.</param>
    /// <param name="found">What was read of <see cref="KeysOf"/>.</param>
    /// <returns>None where there are none, or the key that they were encrypted under is gone.</returns>
    /// <exception cref="CryptographicException">The person's key is there, and cannot be unwrapped now.</exception>
    public PersonJudgements From(string person, IReadOnlyDictionary<string, (JsonElement Value, string ETag)> found) =>
        documents.From<JudgementList>(person, StateKeys.Judgements(person), found) is ({ } list, var version) ? new PersonJudgements(version, list.All) : PersonJudgements.None;

    /// <summary>Reads a person's judgements.</summary>
    /// <param name="person">Whose they are.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">The store could not be read.</exception>
    /// <exception cref="CryptographicException">The person's key is there, and cannot be unwrapped now.</exception>
    public async Task<PersonJudgements> ReadAsync(string person, CancellationToken cancellationToken) =>
        await documents.ReadAsync<JudgementList>(person, StateKeys.Judgements(person), cancellationToken) is ({ } list, var version) ? new PersonJudgements(version, list.All) : PersonJudgements.None;

    /// <summary>Changes a person's judgements.</summary>
    /// <param name="person">Whose they are.</param>
    /// <param name="change">What to keep. May be called several times.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known whether they were changed; changing them again is safe.</exception>
    /// <exception cref="CryptographicException">The person's key is there, and cannot be unwrapped now.</exception>
    public Task UpdateAsync(string person, Func<IReadOnlyList<Judgement>, IReadOnlyList<Judgement>> change, CancellationToken cancellationToken) =>
        documents.UpdateAsync<JudgementList>(
            person,
            StateKeys.Judgements(person),
            (list, _) => new JudgementList([.. change(list?.All ?? []).TakeLast(MaxPerPerson)]),
            Person.Retention,
            cancellationToken);

    /// <summary>Keeps a person's judgements for as long as a search that begins now, and creates the document where there is none: a key without a value costs each reader one more request.</summary>
    /// <param name="person">Whose they are.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">It is not known whether they are kept.</exception>
    /// <exception cref="CryptographicException">The person's key is there, and cannot be unwrapped now.</exception>
    public Task RenewAsync(string person, CancellationToken cancellationToken) => UpdateAsync(person, all => all, cancellationToken);

    /// <summary>Forgets the judgements of a person who has deleted everything, and the key that writing them may have brought back.</summary>
    /// <param name="person">Whose they are.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">They may still be there.</exception>
    public Task ForgetAsync(string person, CancellationToken cancellationToken) => documents.ForgetAsync(person, StateKeys.Judgements(person), cancellationToken);

    /// <summary>Forgets a person's judgements.</summary>
    /// <param name="person">Whose they are.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DaprException">They may still be there.</exception>
    public Task DeleteAsync(string person, CancellationToken cancellationToken) => documents.DeleteAsync(StateKeys.Judgements(person), cancellationToken);
}
