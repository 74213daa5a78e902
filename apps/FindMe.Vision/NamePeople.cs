using System.Collections.Concurrent;
using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Vision;

/// <summary>POST /people/{model}/name: a photo → whose faces are in it, of the people that a model was trained for.</summary>
internal static class NamePeople
{
    public static void AddPeople(this IServiceCollection services) => services.AddSingleton<PeopleModels>();

    public static void MapNamePeople(this IEndpointRouteBuilder routes) => routes.MapPost("/people/{model}/name", NameAsync)
        .WithSummary("Names the faces of a photo")
        .WithDescription(
            "model: the name of a file NAME.findme in the service's folder of people, which findme people train wrote. The photo is sent as for /classify. "
            + "A face of nobody it was trained for is unknown.")
        .TakesImage()
        .FailsAsPictures()
        .ProducesProblem(404);

    private static async Task<Ok<NamedPhoto>> NameAsync(
        HttpContext context, string model, PeopleModels models, Lazy<FaceEngine> engine, CancellationToken cancellationToken)
    {
        var people = models.Find(model);
        var image = await RequestImages.ReadOneAsync(context, cancellationToken);
        var photo = await engine.Value.RunAsync(faces => faces.Analyze(image, cancellationToken), cancellationToken);
        var faces = photo.Faces.Select(face => (face.Box, Named: people.Name(face.Embedding)));
        return TypedResults.Ok(new NamedPhoto(photo.Width, photo.Height, [.. faces.Select(face => new NamedBox(face.Named.Name, face.Named.Probability, face.Box))]));
    }
}

/// <summary>The models of people in the service's folder; each is read when it is first asked for, and again when its file has changed.</summary>
internal sealed class PeopleModels(IOptions<VisionOptions> options, Lazy<FaceEngine> engine)
{
    private const int MaxNameLength = 64;

    private readonly ConcurrentDictionary<string, (DateTime Written, PeopleModel Model)> _models = new(StringComparer.Ordinal);

    /// <summary>Letters, digits, - and _: no name leads out of the folder.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_');

    /// <summary>Finds a model.</summary>
    /// <exception cref="RequestException">There is none of the name, or another recipe's.</exception>
    /// <exception cref="PeopleException">Its file cannot be read.</exception>
    public PeopleModel Find(string name)
    {
        var file = IsName(name) && options.Value.PeoplePath.Length > 0 ? new FileInfo(Path.Combine(options.Value.PeoplePath, $"{name}.findme")) : null;
        if (file is not { Exists: true })
        {
            throw new RequestException(404, "no-such-people", "There is no such model of people.", "Name one of the files in the service's folder of people, without its ending.");
        }

        var written = file.LastWriteTimeUtc;
        if (_models.TryGetValue(name, out var known) && known.Written == written)
        {
            return known.Model;
        }

        var model = PeopleModel.Load(file.FullName);
        if (model.Recipe != engine.Value.Recipe)
        {
            throw RequestException.Unusable(
                "unusable-people",
                $"The people {name} were trained with {model.Recipe}, the engine is {engine.Value.Recipe}.",
                "Ask whoever runs the service to set Faces:Recipe to the one that was used, or to train again.");
        }

        _models[name] = (written, model);
        return model;
    }
}

/// <summary>A photo and its faces.</summary>
/// <param name="Width">Width of the upright photo in pixels.</param>
/// <param name="Height">Height of the upright photo in pixels.</param>
/// <param name="Faces">Its faces.</param>
internal sealed record NamedPhoto(int Width, int Height, IReadOnlyList<NamedBox> Faces);

/// <summary>A face and whose it is.</summary>
/// <param name="Name">The name, or unknown.</param>
/// <param name="Probability">0 to 1, that it is.</param>
/// <param name="Box">Where it is.</param>
internal sealed record NamedBox(string Name, float Probability, Box Box);
