# Writes the templates as string constants: cmake -DOUTPUT=<file> -DFOLDER=<folder> -P this
file(WRITE ${OUTPUT} "")
foreach(pair header:layer.h tables:tables.c message:message.c sha256:sha256.c files:files.c
             check:check.c symbols:symbols.c threads:Cpu/threads.c
             processor:Cpu/processor.c cpu:Cpu/machine.c driver:Cuda/driver.c
             kernels:Cuda/kernels.c cuda:Cuda/machine.c load:load.c run:run.c)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 name)
  list(GET pair 1 file)
  file(READ ${FOLDER}/${file} text)
  file(APPEND ${OUTPUT} "const char ${name}Template[] = R\"moe(${text})moe\";\n")
endforeach()
