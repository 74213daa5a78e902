using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using FindMe.Faces;
using FindMe.Pipeline;
using FindMe.Pipeline.Dapr;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
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
    string Id, FaceBox Box, int Width, int Height, float Quality, IReadOnlyList<string> Warnings, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt);

/// <summary>A picture of the person's face → an embedding, encrypted under their key. The picture itself is not kept.</summary>
internal static class ReferencePhotos
{
    public static void AddReferencePhotos(this IServiceCollection services)
    {
        services.AddOptions<ReferenceOptions>().BindConfiguration(ReferenceOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ReferenceOptions>, ReferenceOptionsValidator>();
        services.AddOptions<FaceEngineOptions>().BindConfiguration(FaceEngineOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<FaceReader>();
        services.AddHostedService(provider => provider.GetRequiredService<FaceReader>());
    }

    public static void MapReferencePhotos(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/references", ShowAsync)
            .RequireCaller()
            .WithMetadata(new DisableRequestSizeLimitAttribute())
            .WithSummary("Show your face: the multipart field photo, and face (counted from 0, left to right) where the picture has several.");
        routes.MapGet("/api/references", (Caller caller) => caller.Person.References.Select(View)).RequireCaller().WithSummary("The references FindMe keeps of you.");
        routes.MapDelete("/api/references/{id}", DeleteAsync).RequireCaller().WithSummary("Forget one reference.");
    }

    private static async Task<Results<Created<ReferenceView>, ProblemHttpResult>> ShowAsync(
        Caller caller,
        HttpRequest request,
        FaceReader faces,
        References references,
        DaprClient dapr,
        IOptions<ReferenceOptions> options,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        if (caller.Person.References.Count >= options.Value.MaxPerPerson)
        {
            return Problems.Of(409, "too-many-references", $"You have shown your face {caller.Person.References.Count} times.", "Delete one of your references first.");
        }

        var (photo, face, problem) = await ReadFormAsync(request, options.Value.MaxBytes, cancellationToken);
        if (problem is not null)
        {
            return problem;
        }

        ReferenceReading reading;
        try
        {
            reading = await faces.ReadAsync(photo, face, cancellationToken);
        }
        catch (PhotoException exception)
        {
            return exception.Problem == PhotoProblem.TooLarge
                ? Problems.TooLarge(options.Value.MaxBytes)
                : Problems.Of(422, "not-an-image", exception.Message, "Send a JPEG, PNG or WebP picture of your face.");
        }

        if (ProblemOf(reading, face) is { } unusable)
        {
            return unusable;
        }

        var now = time.GetUtcNow();
        var summary = new ReferenceSummary
        {
            Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Recipe = faces.Recipe,
            Box = BoxOf(reading.Box!.Value),
            Width = reading.Width,
            Height = reading.Height,
            Quality = reading.Quality,
            Warnings = reading.Warnings,
            CreatedAt = now,
            ExpiresAt = now + Callers.Retention,
        };
        await references.SaveAsync(
            caller.Id, summary.Id, new OpenReference(summary.Recipe, reading.Embedding!.ToBytes()), Callers.Retention, cancellationToken);
        var person = await dapr.UpdatePersonAsync(
            caller.Id, current => current with { References = [.. current.References, summary] }, cancellationToken);
        if (person is null)
        {
            // They deleted everything meanwhile: this must not be what is left of them.
            await references.DeleteAsync(caller.Id, summary.Id, cancellationToken);
            await references.ShredAsync(caller.Id, cancellationToken);
            return Problems.ConsentRequired;
        }

        return TypedResults.Created($"/api/references/{summary.Id}", View(summary));
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

    private static ProblemHttpResult? ProblemOf(ReferenceReading reading, int? face) => reading.Problem switch
    {
        ReferenceProblem.NoFace => Problems.Of(422, "no-face", "There is no face to be seen.", "Take a picture of your face from the front, in good light, without sunglasses."),
        ReferenceProblem.SeveralFaces => Problems.Of(
            422,
            "several-faces",
            $"There are {reading.Faces.Count} faces.",
            "Say which one is yours: send the picture again with the field face, counted from 0, left to right.",
            new() { ["faces"] = reading.Faces.Select(BoxOf), ["width"] = reading.Width, ["height"] = reading.Height }),
        ReferenceProblem.FaceTooSmall => Problems.Of(422, "face-too-small", "Your face is too small on this picture.", "Come closer to the camera, or crop the picture."),
        ReferenceProblem.NoSuchFace => Problems.Of(
            422, "no-such-face", $"There is no face number {face}.", $"The picture has {reading.Faces.Count}; count from 0, left to right."),
        _ => null,
    };

    private static async Task<(byte[] Photo, int? Face, ProblemHttpResult? Problem)> ReadFormAsync(
        HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        // The form may be a little larger than the picture in it. Kept in memory: a face never touches a temporary file.
        var formBytes = maxBytes + (1 << 16);
        if (request.ContentLength > formBytes)
        {
            return ([], null, Problems.TooLarge(maxBytes));
        }

        var missing = Problems.Of(400, "photo-missing", "There is no picture in the request.", "Send multipart/form-data with the field photo.");
        if (!request.HasFormContentType)
        {
            return ([], null, missing);
        }

        // Set only now: a body that is refused unread is read away for a moment, so that a browser that still sends it sees the answer.
        // Counts what comes without a length too, and every part of the form.
        request.HttpContext.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = formBytes;
        IFormCollection form;
        try
        {
            var limits = new FormOptions { MemoryBufferThreshold = formBytes, MultipartBodyLengthLimit = maxBytes, ValueCountLimit = 16 };
            form = await request.ReadFormAsync(limits, cancellationToken);
        }
        catch (InvalidDataException exception) when (exception.Message.Contains("length limit", StringComparison.OrdinalIgnoreCase))
        {
            return ([], null, Problems.TooLarge(maxBytes));
        }
        catch (BadHttpRequestException exception) when (exception.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return ([], null, Problems.TooLarge(maxBytes));
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException)
        {
            return ([], null, missing);
        }

        if (form.Files["photo"] is not { } file)
        {
            return ([], null, missing);
        }

        int? face = null;
        if (form["face"].ToString() is { Length: > 0 } text)
        {
            if (!int.TryParse(text, out var number) || number < 0)
            {
                return ([], null, Problems.Of(400, "no-such-face", "The field face is not a number.", "Count the faces from 0, left to right."));
            }

            face = number;
        }

        var photo = new byte[file.Length];
        await using var stream = file.OpenReadStream();
        await stream.ReadExactlyAsync(photo, cancellationToken);
        return (photo, face, null);
    }

    private static FaceBox BoxOf(Box box) => new(box.X, box.Y, box.Width, box.Height);

    private static ReferenceView View(ReferenceSummary reference) => new(
        reference.Id, reference.Box, reference.Width, reference.Height, reference.Quality, reference.Warnings, reference.CreatedAt, reference.ExpiresAt);
}
