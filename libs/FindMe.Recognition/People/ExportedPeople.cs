using FindMe.Faces;
using Microsoft.ML.OnnxRuntime;

namespace FindMe.Recognition;

/// <summary>Measures an exported model by running it as other programs would.</summary>
public static class ExportedPeople
{
    /// <summary>Exports the model that was trained without the holdout photos, and measures it on them.</summary>
    /// <remarks>Reads the holdout photos again, since keeping their pixels in memory would take too much.</remarks>
    /// <param name="engine">The engine used for training.</param>
    /// <param name="people">The result of training.</param>
    /// <param name="eightBit">As for <see cref="PeopleExport.ToOnnx"/>.</param>
    /// <param name="cancellationToken">Cancels the measurement.</param>
    /// <returns>Null if there is no holdout.</returns>
    /// <exception cref="PeopleException">A holdout photo can no longer be read.</exception>
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
        return PeopleTraining.Measure(people.Folder, people.Holdout, face =>
        {
            cancellationToken.ThrowIfCancellationRequested();
            var probabilities = RunOnPhoto(session, engine, people, face, cancellationToken);
            var best = Array.IndexOf(probabilities, probabilities[..^1].Max());
            return (probabilities[best] >= PeopleModel.MinProbability ? model.People[best] : PeopleFolder.Unknown, model.People[best]);
        });
    }

    private static float[] RunOnPhoto(InferenceSession session, FaceEngine engine, TrainedPeople people, LabelledFace face, CancellationToken cancellationToken)
    {
        try
        {
            return Run(session, engine, File.ReadAllBytes(Path.Combine(people.Folder.Path, face.Photo)), face.Face, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PhotoException)
        {
            throw new PeopleException($"Cannot measure the exported model, because the holdout photo {face.Photo} can no longer be read: train again.", exception);
        }
    }

    /// <summary>Returns the model's probability of each person for a face, then that of a stranger.</summary>
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
