using System.CommandLine;
using FindMe.Faces;

namespace FindMe.Cli;

/// <summary>The options that select the person: photos of one person.</summary>
internal sealed class ReferencePhotos
{
    private readonly Option<string[]> _photos = new("--me")
    {
        Description = "A photo of the person's face. To find more matches, repeat --me with other photos of the person.",
        Required = true,
        AllowMultipleArgumentsPerToken = false,
        HelpName = "PHOTO",
    };

    private readonly Option<int[]> _faces = new("--face")
    {
        Description = "The number of the person's face in a photo of several people, counted from left to right, starting at 0. With several --me, give one number for each photo.",
        HelpName = "N",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_photos);
        command.Options.Add(_faces);
    }

    /// <summary>Reads the photos' faces.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandException">A photo is not suitable; the message says which one and why.</exception>
    public IReadOnlyList<FaceEmbedding> Read(FaceEngine engine, ParseResult parsed, CancellationToken cancellationToken)
    {
        var (photos, faces) = (parsed.GetRequiredValue(_photos), parsed.GetValue(_faces) ?? []);
        if (faces.Length > 0 && faces.Length != photos.Length)
        {
            throw new CommandException($"There are {photos.Length} --me and {faces.Length} --face: give one --face for each --me, in the same order.");
        }

        var found = new List<FaceEmbedding>(photos.Length);
        for (var i = 0; i < photos.Length; i++)
        {
            var face = Read(engine, photos[i], faces.Length == 0 ? null : faces[i], cancellationToken).Embedding!;
            if (i > 0 && found.Min(face.DistanceTo) > engine.MatchDistance)
            {
                CommandLine.Complain(DifferentPerson(photos[i], photos[0]));
            }

            found.Add(face);
        }

        return found;
    }

    /// <summary>The warning that a photo may show a different person than the first one.</summary>
    public static string DifferentPerson(string photo, string first) =>
        $"{photo}: this may be a different person than in {first}. Photos of either will be found; leave one out if you mean one person.";

    /// <summary>Reads one photo's face, and writes advice about its quality to standard error.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="path">The photo.</param>
    /// <param name="face">Which face, from 0; null: the only one, or the one that dominates.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="CommandException">The photo is not suitable.</exception>
    private static ReferenceAnalysis Read(FaceEngine engine, string path, int? face, CancellationToken cancellationToken)
    {
        ReferenceAnalysis reading;
        try
        {
            reading = engine.AnalyzeReference(PhotoFiles.Read(path), face, cancellationToken);
        }
        catch (Exception exception) when (exception is CommandException or PhotoException)
        {
            throw new CommandException($"{path}: {exception.Message}");
        }

        if (ProblemOf(reading, face) is { } problem)
        {
            throw new CommandException($"{path}: {problem}");
        }

        foreach (var warning in reading.Warnings)
        {
            CommandLine.Complain($"{path}: {warning}");
        }

        return reading;
    }

    /// <summary>Why a photo's face is not suitable, and what to do; null if it is suitable.</summary>
    /// <param name="reading">The analysis of the photo.</param>
    /// <param name="face">Index of the requested face, from 0; null: none.</param>
    public static string? ProblemOf(ReferenceAnalysis reading, int? face) =>
        ReferenceProblemText.Of(reading, face, "--face") is { } text ? $"{text.Title} {text.Advice}" : null;
}
