using System.ComponentModel.DataAnnotations;
using FindMe.Faces;
using FindMe.Fetching;
using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;
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
internal sealed record ReferenceView(
    string Id, FaceBox Box, int Width, int Height, float Quality, IReadOnlyList<string> Warnings, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt)
{
    public static ReferenceView Of(ReferenceSummary reference) => new(
        reference.Id, reference.Box, reference.Width, reference.Height, reference.Quality, reference.Warnings, reference.CreatedAt, reference.ExpiresAt);
}

/// <summary>The picture of an account, to be taken as a reference.</summary>
/// <param name="Network">The account's network.</param>
/// <param name="Face">Which of its faces, counted from 0, left to right; null: its only one.</param>
internal sealed record AvatarWish(string? Network, int? Face);

/// <summary>A picture of the person's face → an embedding, encrypted under their key. The picture itself is not kept.</summary>
internal static class ReferencePhotos
{
    // A phone's photo has more: what is smaller leaves nothing worth a look.
    private const int LargeBytes = 2_000_000;

    public static void AddReferencePhotos(this IServiceCollection services)
    {
        services.AddOptions<ReferenceOptions>().BindConfiguration(ReferenceOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ReferenceOptions>, ReferenceOptionsValidator>();
        services.AddOptions<FaceEngineOptions>().BindConfiguration(FaceEngineOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<FaceReader>();
        services.AddSingleton<ReferenceIntake>();
        services.AddHostedService(provider => provider.GetRequiredService<FaceReader>());
    }

    public static void MapReferencePhotos(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/references", ShowAsync)
            .TakesFile(limits => limits.PictureTimeout)
            .RequireCaller()
            .WithSummary("Show your face: the multipart field photo, and face (counted from 0, left to right) where the picture has several.");
        routes.MapPost("/api/references/from-avatar", TakeAvatarAsync).RequireCaller().WithSummary("Take your account's picture as a reference.");
        routes.MapGet("/api/references", (Caller caller) => caller.Person.References.Select(ReferenceView.Of)).RequireCaller().WithSummary("The references FindMe keeps of you.");
        routes.MapDelete("/api/references/{id}", DeleteAsync).RequireCaller().WithSummary("Forget one reference.");
    }

    private static async Task<Results<Created<ReferenceView>, ProblemHttpResult>> ShowAsync(
        Caller caller,
        HttpRequest request,
        ReferenceIntake intake,
        IOptions<ReferenceOptions> options,
        CancellationToken cancellationToken)
    {
        try
        {
            return await TakePhotoAsync(caller, request, intake, options.Value.MaxBytes, cancellationToken);
        }
        finally
        {
            // By itself the collector looks when pictures have left hundreds of megabytes, and gives little of that back.
            if (request.ContentLength is null or > LargeBytes)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            }
        }
    }

    // The picture is held by this method alone, so that it is gone with its end.
    private static async Task<Results<Created<ReferenceView>, ProblemHttpResult>> TakePhotoAsync(
        Caller caller, HttpRequest request, ReferenceIntake intake, int maxBytes, CancellationToken cancellationToken)
    {
        var (photo, face, problem) = await ReferenceForm.ReadAsync(request, maxBytes, cancellationToken);
        return problem is null ? await intake.TakeAsync(caller, photo, face, isAvatar: false, cancellationToken) : problem;
    }

    // Signing in was no consent to this: the person asks for it, and the picture passes the same gate as any other.
    private static async Task<Results<Created<ReferenceView>, ProblemHttpResult>> TakeAvatarAsync(
        AvatarWish wish, Caller caller, Avatars avatars, ReferenceIntake intake, IOptions<XOptions> x, CancellationToken cancellationToken)
    {
        if (caller.Person.Accounts.FirstOrDefault(account => account.Network == wish.Network) is not { } account)
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
            return await intake.TakeAsync(caller, await avatars.FetchAsync(account.Avatar, cancellationToken), wish.Face, isAvatar: true, cancellationToken);
        }
        catch (FetchException exception)
        {
            return Problems.Of(502, "avatar-unavailable", exception.Message, "Try again, or show another picture of your face.");
        }
    }

    // A search at work goes on with the person's other references; it fails with a clear problem when none is left.
    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, Caller caller, References references, DaprClient dapr, TimeProvider time, CancellationToken cancellationToken)
    {
        if (caller.Person.References.All(reference => reference.Id != id))
        {
            return Problems.NotFound;
        }

        await references.DeleteAsync(caller.Id, id, cancellationToken);
        foreach (var search in caller.Person.Searches)
        {
            await dapr.UpdateStateAsync<Search>(
                StateKeys.Search(search),
                current => current.References.Contains(id) ? current with { References = [.. current.References.Where(other => other != id)] } : current,
                current => current.TimeToLive(time.GetUtcNow()),
                cancellationToken);
        }

        await dapr.UpdatePersonAsync(
            caller.Id, current => current with { References = [.. current.References.Where(reference => reference.Id != id)] }, cancellationToken);
        return TypedResults.NoContent();
    }
}
