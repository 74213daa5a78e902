using FindMe.Faces;
using Microsoft.ML.OnnxRuntime;

namespace FindMe.Recognition;

/// <summary>An exported model, run as another program would run it, to say how good it is.</summary>
public static class ExportedPeople
{
    /// <summary>Names the faces that were kept aside with an exported model of people that have not been learnt from them.</summary>
    /// <param name="engine">The engine that they were learnt with.</param>
    /// <param name="people">What was learnt.</param>
    /// <param name="eightBit">As for <see cref="PeopleExport.ToOnnx"/>.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Null if none were kept aside.</returns>
    /// <exception cref="PeopleException">A photo that was kept aside cannot be read again: the pixels of all of them would be too many to keep.</exception>
    public static PeopleMeasurement? Measure(FaceEngine engine, TrainedPeople people, bool eightBit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(people);
        if (people.MeasuredModel is not { } model)
        {
            return null;
        }

        using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        using var session = new InferenceSession(PeopleExport.ToOnnx(model, engine, eightBit), options);
        return PeopleTraining.Measure(people.Folder, people.KeptAside, face =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var probabilities = ReadAgain(session, engine, people, face, cancellationToken);
            var best = Array.IndexOf(probabilities, probabilities[..^1].Max());
            return (probabilities[best] >= PeopleModel.LeastProbability ? model.People[best] : PeopleFolder.Unknown, model.People[best]);
        });
    }

    private static float[] ReadAgain(InferenceSession session, FaceEngine engine, TrainedPeople people, LabelledFace face, CancellationToken cancellationToken)
    {
        try
        {
            return Run(session, engine, File.ReadAllBytes(Path.Combine(people.Folder.Path, face.Photo)), face.Face, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PhotoException)
        {
            throw new PeopleException($"The exported model cannot be measured: {face.Photo}, which was kept aside, cannot be read any more.", exception);
        }
    }

    /// <summary>What the model says of a face: the probability of each person, and of a stranger last.</summary>
    internal static float[] Run(InferenceSession session, FaceEngine engine, ReadOnlyMemory<byte> photo, DetectedFace face, CancellationToken cancellationToken)
    {
        var recipe = engine.RecognitionRecipe;
        var alignment = new FaceAlignment(recipe.Alignment.Points, recipe.Input.Side);
        var chip = new float[alignment.Length];
        using (var picture = PhotoDecoding.Decode(photo, FaceEngine.WorkingSide, engine.Options, cancellationToken))
        {
            alignment.Align(picture, face.Landmarks.Scale(1 / picture.ScaleX, 1 / picture.ScaleY), chip);
        }

        using var input = OrtValue.CreateTensorValueFromMemory(chip, [1, Picture.Bands, alignment.Side, alignment.Side]);
        using var runOptions = new RunOptions();
        using var outputs = session.Run(runOptions, [PeopleExport.Input], [input], [PeopleExport.Probabilities]);
        return outputs[0].GetTensorDataAsSpan<float>().ToArray();
    }
}
