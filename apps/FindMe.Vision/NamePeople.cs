using System.Collections.Concurrent;
using FindMe.Faces;
using FindMe.Recognition;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace FindMe.Vision;

/// <summary>POST /people/{model}/name: a photo → the names of its faces, from a trained model of people.</summary>
internal static class NamePeople
{
    public static void AddPeople(this IServiceCollection services) => services.AddSingleton<PeopleModels>();

    public static void MapNamePeople(this IEndpointRouteBuilder routes) => routes.MapPost("/people/{model}/name", NameAsync)
        .WithSummary("Name the faces of a photo")
        .WithDescription(
            "model: the name of a file NAME.findme in the service's folder of people, written by findme people train. Send the photo as for /classify. "
            + "Faces of other people are unknown.")
        .AcceptsImage()
        .ReturnsPictureProblems()
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

/// <summary>The models of people in the service's folder. A file is read on first use, and again when it changes.</summary>
internal sealed class PeopleModels(IOptions<VisionOptions> options, Lazy<FaceEngine> engine)
{
    private const int MaxNameLength = 64;

    private readonly ConcurrentDictionary<string, (DateTime Written, PeopleModel Model)> _models = new(StringComparer.Ordinal);

    /// <summary>Whether a name has only letters, digits, - and _, so that it cannot escape the folder.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_');

    /// <summary>Finds a model.</summary>
    /// <exception cref="RequestException">No model has this name, or it has another recipe.</exception>
    /// <exception cref="PeopleException">Its file cannot be read.</exception>
    public PeopleModel Find(string name)
    {
        var file = IsName(name) && options.Value.PeoplePath.Length > 0 ? new FileInfo(Path.Combine(options.Value.PeoplePath, $"{name}.findme")) : null;
        if (file is not { Exists: true })
        {
            throw new RequestException(404, "no-such-people", "There is no model of people with this name.", "Send the name of a file in the service's folder of people, without its extension.");
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
                $"The model {name} was trained with {model.Recipe}, but the engine uses {engine.Value.Recipe}.",
                "Ask the operator to set Faces:Recipe to the model's recipe, or to train the model again.");
        }

        _models[name] = (written, model);
        return model;
    }
}

/// <summary>A photo and its faces.</summary>
/// <param name="Width">The upright photo's width in pixels.</param>
/// <param name="Height">The upright photo's height in pixels.</param>
/// <param name="Faces">Its faces.</param>
internal sealed record NamedPhoto(int Width, int Height, IReadOnlyList<NamedBox> Faces);

/// <summary>A face with its name.</summary>
/// <param name="Name">The name, or "unknown".</param>
/// <param name="Probability">The probability of the name, 0 to 1.</param>
/// <param name="Box">The face's bounding box.</param>
internal sealed record NamedBox(string Name, float Probability, Box Box);
