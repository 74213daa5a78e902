using System.ComponentModel.DataAnnotations;
using FindMe.Faces;
using FindMe.Networks;
using FindMe.Pipeline;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Api;

/// <summary>What a person may show. Section <c>References</c> of the configuration; checked at start.</summary>
public sealed class ReferenceOptions
{
    /// <summary>The configuration section these are read from.</summary>
    public const string Section = "References";

    /// <summary>Largest picture of a face to take, in bytes, 64 kiB to 100 MiB. Default 20 MiB; larger ones are refused.</summary>
    [Range(1 << 16, 100 << 20)]
    public int MaxBytes { get; set; } = 20 << 20;

    /// <summary>References a person may have, 1 to 20. Default 10; the next one is refused.</summary>
    [Range(1, 20)]
    public int MaxPerPerson { get; set; } = 10;
}

[OptionsValidator]
internal sealed partial class ReferenceOptionsValidator : IValidateOptions<ReferenceOptions>;

/// <summary>A reference as its owner sees it: everything but the embedding.</summary>
internal sealed record ReferenceResponse(
    string Id,
    FaceBox Box,
    int Width,
    int Height,
    float Quality,
    IReadOnlyList<string> Warnings,
    DateTimeOffset CreatedAt,
    DateTimeOffset ExpiresAt,
    bool IsUsed,
    bool IsSample)
{
    // Not used: it waits for a photo that is like it and like those that are used.
    public static ReferenceResponse Of(ReferenceSummary reference, bool isUsed) => new(
        reference.Id, reference.Box, reference.Width, reference.Height, reference.Quality, reference.Warnings, reference.CreatedAt, reference.ExpiresAt, isUsed, reference.IsSample);
}

/// <summary>The picture of an account, to be taken as a reference.</summary>
/// <param name="Network">The account's network.</param>
/// <param name="Face">Which of its faces, counted from 0, left to right; null: its only one.</param>
/// <param name="Replace">Whether it replaces the earlier references.</param>
internal sealed record AvatarWish(string? Network, int? Face, bool Replace = false);

/// <summary>A found photo that the person says shows them, to be taken as a reference.</summary>
/// <param name="Search">The search that found it.</param>
/// <param name="Photo">The photo's id in the search.</param>
internal sealed record FoundPhotoWish(string? Search, string? Photo);

/// <summary>A picture of the person's face → an embedding, encrypted under their key. The picture itself is not kept.</summary>
internal static class ReferencePhotos
{
    public static void AddReferencePhotos(this IServiceCollection services)
    {
        services.AddOptions<ReferenceOptions>().BindConfiguration(ReferenceOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ReferenceOptions>, ReferenceOptionsValidator>();
        // Faces are read on one picture at a time, which takes 100 MB and all idle processors.
        services.AddOptions<FaceEngineOptions>().Configure(faces => faces.PhotosAtOnce = 1).BindConfiguration(FaceEngineOptions.Section)
            .ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<FaceReader>();
        services.AddSingleton<ReferenceUpload>();
        services.AddSingleton<ReferenceDeletion>();
        services.AddOptions<DemoOptions>().BindConfiguration(DemoOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<DemoOptions>, DemoOptionsValidator>();
        services.AddSingleton<SampleFace>();
        services.AddHostedService(provider => provider.GetRequiredService<FaceReader>());
    }

    public static void MapReferencePhotos(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/references", ShowAsync)
            .TakesFile(limits => limits.PictureTimeout)
            .RequireCaller()
            .WithSummary("Show your face: the multipart field photo, face (counted from 0, left to right) where the picture has several, and replace=true to replace the earlier ones.");
        routes.MapPost("/api/references/from-avatar", TakeAvatarAsync).RequireCaller().WithSummary("Take your account's picture as a reference.");
        routes.MapPost("/api/references/sample", (CurrentUser user, SampleFace sample, CancellationToken cancellationToken) => sample.AddAsync(user, cancellationToken))
            .RequireCaller().WithSummary("Try a demo with its sample face; a selfie that you add later takes its place.");
        routes.MapPost("/api/references/from-photo", TakeFoundAsync).RequireCaller().WithSummary("Take a found photo of which you said that it shows you as a reference.");
        routes.MapGet("/api/references", List).RequireCaller().WithSummary("The references FindMe keeps of you.");
        routes.MapDelete("/api/references/{id}", DeleteAsync).RequireCaller().WithSummary("Forget one reference.");
    }

    private static async Task<Results<Created<ReferenceResponse>, ProblemHttpResult>> ShowAsync(
        CurrentUser user, HttpRequest request, ReferenceUpload intake, IOptions<ReferenceOptions> options, CancellationToken cancellationToken)
    {
        var (form, problem) = await ReferenceForm.ReadAsync(request, options.Value.MaxBytes, cancellationToken);
        using (form)
        {
            return form is null ? problem! : await intake.TakeAsync(user, form.Photo.Picture, form.Face, ReferenceOrigin.Selfie, form.Replace, cancellationToken);
        }
    }

    // Signing in was no consent to this: the person asks for it, and the picture passes the same gate as any other.
    private static async Task<Results<Created<ReferenceResponse>, ProblemHttpResult>> TakeAvatarAsync(
        AvatarWish wish, CurrentUser user, Avatars avatars, ReferenceUpload intake, IOptions<XOptions> x, CancellationToken cancellationToken)
    {
        if (user.Person.Accounts.FirstOrDefault(account => account.Network == wish.Network) is not { } account)
        {
            return Problems.NotFound;
        }

        if (!AccountRoutes.MayUseAvatar(account, x.Value))
        {
            return Problems.Of(403, "x-not-approved", "X does not allow this without its approval.", "Show another picture of your face.");
        }

        if (account.Avatar is null)
        {
            return Problems.Of(422, "no-avatar", "Your account has no picture of its own.", "Show another picture of your face.");
        }

        try
        {
            return await intake.TakeAsync(user, await avatars.FetchAsync(account.Avatar, cancellationToken), wish.Face, ReferenceOrigin.Avatar, wish.Replace, cancellationToken);
        }
        catch (FetchException exception)
        {
            return Problems.Of(502, "avatar-unavailable", exception.Message, "Try again, or show another picture of your face.");
        }
    }

    // Said to be theirs, and like the faces that they showed: a found photo never makes another person of them.
    private static async Task<Results<Created<ReferenceResponse>, ProblemHttpResult>> TakeFoundAsync(
        FoundPhotoWish wish, CurrentUser user, SearchReader reader, ExportedFiles files, FaceReader faces, ReferenceUpload intake, CancellationToken cancellationToken)
    {
        if (wish.Search is not { } search
            || !user.Person.Searches.Contains(search)
            || await reader.TryReadAsync(search, user.Id, cancellationToken) is not { } snapshot
            || snapshot.Batches.SelectMany(batch => batch.Photos).FirstOrDefault(photo => photo.Id == wish.Photo) is not { Verdict: { Box: { } box } verdict } photo)
        {
            return Problems.NotFound;
        }

        if (verdict.IsMe != true)
        {
            return Problems.Of(409, "not-judged", "You have not said that this photo shows you.", "Say so first: POST /api/searches/{id}/judgements with isMe: true.");
        }

        if (photo.Post.Network == SourceNames.X)
        {
            return Problems.Of(403, "x-links-only", "X does not allow its pictures to be kept.", "Take a photo from elsewhere.");
        }

        // The sample face of a demo is nobody's: no photo becomes a selfie by being like it.
        if (user.Person.ReferencesInUse(faces.Recipe).All(reference => reference.IsSample))
        {
            return Problems.NoReference;
        }

        var file = await files.ReadAsync(photo, cancellationToken);
        return file.Bytes is { } bytes
            ? await intake.TakeFoundAsync(user, bytes, Judgement.Fractions(box, verdict.Width!.Value, verdict.Height!.Value), cancellationToken)
            : Problems.Of(410, "photo-gone", file.Note, "Take another photo.");
    }

    private static IEnumerable<ReferenceResponse> List(CurrentUser user, FaceReader faces)
    {
        var used = user.Person.ReferencesInUse(faces.Recipe);
        return user.Person.References.Select(reference => ReferenceResponse.Of(reference, used.Contains(reference)));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, CurrentUser user, ReferenceDeletion deletion, CancellationToken cancellationToken)
    {
        if (user.Person.References.All(reference => reference.Id != id))
        {
            return Problems.NotFound;
        }

        await deletion.DeleteAsync(user, id, cancellationToken);
        return TypedResults.NoContent();
    }
}
