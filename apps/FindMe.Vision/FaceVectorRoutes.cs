using System.Text.Json;
using FindMe.Faces;
using FindMe.Hosting;
using FindMe.Recognition;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FindMe.Vision;

/// <summary>/faces/train: a picture → vectors of its face. /faces/recognize: vectors and pictures → whether they show that face.</summary>
internal static class FaceVectorRoutes
{
    private const string Csv = "text/csv";

    private static readonly QueryNumber Face = new(
        "face", 0, "bad-face", "Send the number of the face, such as ?face=0 for the first from the left.", "The number of the face if there are several, from 0, left to right.");

    private static readonly QueryNumber Seed = new(
        "seed", int.MinValue, "bad-seed", "Send a number, such as ?seed=1, or omit it.", "The random seed of the augmentations; 0 by default. The same picture and seed give the same vectors.");

    public static void MapFaceVectors(this IEndpointRouteBuilder routes)
    {
        var faces = routes.MapGroup("/faces").WithTags("face vectors");
        faces.MapPost("/train", TrainAsync)
            .AcceptsImage()
            .AcceptsNumbers(Face, Seed)
            .Produces<TrainedView>()
            .ReturnsCsv("A comment that names the recipe, then one vector per line.")
            .ReturnsPictureProblems()
            .WithSummary("Returns the vectors of the face on a picture and of its augmentations, as CSV if the request accepts text/csv.");
        faces.MapPost("/recognize", RecognizeAsync)
            .AcceptsVectorsAndImages()
            .Returns<PresenceView, PresencesView>()
            .ReturnsPictureProblems()
            .WithSummary("Tells whether each picture shows the person of the vectors.");
    }

    private static async Task<Results<Ok<TrainedView>, ContentHttpResult>> TrainAsync(HttpContext context, Lazy<FaceEngine> engine, CancellationToken cancellationToken)
    {
        var (face, seed) = (Face.Read(context.Request), Seed.Read(context.Request));
        var photo = await RequestImages.ReadOneAsync(context, cancellationToken);
        var trained = await engine.Value.RunAsync(
            faces => FaceVectorTraining.Train(faces, photo, face, seed ?? 0, cancellationToken), cancellationToken);
        if (trained.Vectors is not { } vectors)
        {
            throw ExceptionOf(trained.Analysis, face);
        }

        return context.Request.Headers.Accept.ToString().Contains(Csv, StringComparison.OrdinalIgnoreCase)
            ? TypedResults.Text(vectors.ToCsv(), Csv)
            : TypedResults.Ok(new TrainedView(
                vectors.Recipe!,
                [.. vectors.Vectors.Select(vector => vector.Values.ToArray())],
                BoxView.Of(trained.Analysis.Box!.Value),
                trained.Analysis.Quality,
                trained.Analysis.Warnings));
    }

    private static async Task<Results<Ok<PresenceView>, Ok<PresencesView>>> RecognizeAsync(HttpContext context, Lazy<FaceEngine> engine, CancellationToken cancellationToken)
    {
        using var request = await RequestImages.ReadAsync(context, cancellationToken);
        var vectors = await TryReadVectorsAsync(request, "vectors", cancellationToken) ?? throw new RequestException(
            400, "no-vectors", "The request has no face vectors.", "Send the response of POST /faces/train: recipe and vectors in the JSON, or its CSV as the form field vectors.");
        var background = await TryReadVectorsAsync(request, "background", cancellationToken);
        var recognition = await engine.Value.RunAsync(faces => new FaceVectorRecognition(faces, vectors, background), cancellationToken);
        if (!request.IsBatch)
        {
            var photo = request.Images[0];
            var presence = await engine.Value.RunAsync(faces => recognition.Recognize(faces.Analyze(photo, cancellationToken)), cancellationToken);
            return TypedResults.Ok(PresenceView.Of(presence));
        }

        // A picture that cannot be read does not affect the others.
        var results = new BatchPresenceView[request.Images.Count];
        await Parallel.ForAsync(0, results.Length, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = cancellationToken }, async (i, end) =>
        {
            try
            {
                var photo = request.Images[i];
                results[i] = BatchPresenceView.Of(await engine.Value.RunAsync(faces => recognition.Recognize(faces.Analyze(photo, end)), end));
            }
            catch (PhotoException exception)
            {
                var problem = RequestException.Of(exception);
                results[i] = new BatchPresenceView(Problem: new ProblemView(problem.Type, problem.Message, problem.Detail));
            }
        });
        return TypedResults.Ok(new PresencesView(results));
    }

    /// <summary>Translates what is wrong with a photo into a problem.</summary>
    internal static RequestException ExceptionOf(ReferenceAnalysis reading, int? face)
    {
        var text = ReferenceProblemText.Of(reading, face, "?face=")!;
        return new RequestException(422, text.Slug, text.Title, text.Advice);
    }

    // Null when the request has no member or field of that name.
    private static async Task<FaceVectors?> TryReadVectorsAsync(RequestImages request, string name, CancellationToken cancellationToken)
    {
        if (request.Json is not { } json)
        {
            return await request.TryReadFieldAsync(name, cancellationToken) is { } csv ? FaceVectors.FromCsv(csv) : null;
        }

        return json.TryGetProperty(name, out var vectors)
            ? vectors.ValueKind switch
            {
                JsonValueKind.Array => new FaceVectors(ReadRecipe(json), ReadRows(vectors, name)),
                JsonValueKind.String => FaceVectors.FromCsv(vectors.TryGetText() ?? ""),
                JsonValueKind.Null => null,
                _ => throw new FaceVectorsException($"The member {name} is neither rows of numbers nor CSV."),
            }
            : null;
    }

    private static string? ReadRecipe(JsonElement body) => body.TryGetProperty("recipe", out var recipe) ? recipe.TryGetText() : null;

    private static List<FaceEmbedding> ReadRows(JsonElement rows, string name)
    {
        var count = rows.GetArrayLength();
        if (count is 0 or > FaceVectors.MaxRows)
        {
            throw new FaceVectorsException($"The member {name} has {count} face vectors; send 1 to {FaceVectors.MaxRows}.");
        }

        var vectors = new List<FaceEmbedding>(count);
        foreach (var row in rows.EnumerateArray())
        {
            try
            {
                vectors.Add(FaceEmbedding.FromValues(row.Deserialize(VisionJson.Default.SingleArray)));
            }
            catch (Exception exception) when (exception is JsonException or ArgumentException)
            {
                throw new FaceVectorsException($"Row {vectors.Count + 1} of {name} is not a face vector, a list of {FaceEmbedding.MinLength} to {FaceEmbedding.MaxLength} numbers.");
            }
        }

        return vectors.TrueForAll(vector => vector.Values.Length == vectors[0].Values.Length)
            ? vectors
            : throw new FaceVectorsException($"The face vectors of {name} differ in length.");
    }
}
